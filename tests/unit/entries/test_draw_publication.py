"""What a draw publishes, read as an outsider would: the public list, a fan's receipt, the file, the beacon."""

import gzip
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.devtools.settings import ROOT
from services.entries.backend.draws_rules import climb, merkle_levels, path
from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.entries.draws import Staff, closed_campaign, step
from tests.unit.entries.registrations import entries_service

DRAWS = """
draws {
  waveId state strategy rosterSize winners
  proof { rosterRoot seedCommitment seed outcomeHash beacon { source round value } }
}
"""
RECEIPTS = "id drawReceipts { waveId line path { hash left } rosterRoot }"
BEACON = {"source": "The lottery of Testland", "round": "2026-12-24"}
EVERY_STRATEGY = [
    "RANDOM_PRIORITY",
    "WEIGHTED_RANDOM_PRIORITY",
    "SCORE_PRIORITY",
    "IMMEDIATE_ACCEPTANCE",
    "FIRST_COME",
]


async def public_draws(service: ServiceUnderTest, of: dict[str, Any]) -> Any:
    """What anybody is answered, without a token."""
    reference = [{"__typename": "Campaign", "id": of["id"]}]
    [campaign] = await service.entities(f"... on Campaign {{ {DRAWS} }}", reference)
    return campaign["draws"]


async def published_file(service: ServiceUnderTest, wave_id: str, folder: Path) -> Path:
    """The file as whoever holds its link downloads it."""
    await service.resources.proofs.publish(wave_id)
    link = service.resources.proofs.link(wave_id)
    answer = await service.rest("GET", f"/files/{link.rpartition('/')[2]}")
    assert answer.status_code == 200
    file = folder / "wave.draw.gz"
    file.write_bytes(answer.content)
    return file


def verify(file: Path) -> subprocess.CompletedProcess[str]:
    """scripts/verify-draw, without the repository, its packages or its environment."""
    command = [sys.executable, "-I", "-S", str(ROOT / "scripts/verify-draw"), str(file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


async def test_anybody_sees_what_was_published_and_draws_that_were_called_off(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=20)
        first = await staff.draft(tour)
        await staff.commit(first)
        [draw] = await public_draws(service, tour)
        assert (draw["waveId"], draw["state"], draw["rosterSize"]) == (first, "COMMITTED", 20)
        assert draw["winners"] is draw["proof"]["seed"] is draw["proof"]["outcomeHash"] is None
        await staff.cancel(first)
        second = await staff.final(tour)
        called_off, final = await public_draws(service, tour)
        assert (called_off["state"], final["state"], final["waveId"]) == ("CANCELLED", "FINALIZED", second)
        assert final["proof"]["seed"]
        assert final["winners"] > 0


async def test_a_fan_checks_her_own_leaf_and_only_hers(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=37)
        await staff.commit(await staff.draft(tour))
        [draw] = await public_draws(service, tour)
        pool = service.resources.database.pool
        for number in (0, 17, 36):
            row = await pool.fetchrow(
                "SELECT e.id, e.preferences FROM entry e JOIN wave_entry r ON r.entry_id = e.id WHERE "
                "r.position = $1",
                number,
            )
            found = await pool.fetchval("SELECT user_id FROM entry WHERE id = $1", row["id"])
            fan = next(f"fan-{n}" for n in range(37) if issuer_id(f"fan-{n}") == found)
            reference = [{"__typename": "Entry", "id": row["id"]}]
            [entry] = await service.entities(
                f"... on Entry {{ {RECEIPTS} }}", reference, token=issuer.token(fan)
            )
            [receipt] = entry["drawReceipts"]
            assert receipt["line"].split("|")[1] == row["id"]
            assert receipt["line"].split("|")[5] == ",".join(row["preferences"])
            leaf = hashlib.sha256(b"\0" + receipt["line"].encode()).digest()
            steps = [(bytes.fromhex(node["hash"]), node["left"]) for node in receipt["path"]]
            assert climb(leaf, steps).hex() == receipt["rosterRoot"] == draw["proof"]["rosterRoot"]
        query = "query ($id: ID!) { entry(id: $id) { drawReceipts { line } } }"
        refused = await service.graphql(query, {"id": row["id"]}, token=staff.token)
        assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def issuer_id(subject: str) -> str:
    from services.kit.ids import user_id

    return user_id(issuer.ISSUER, subject)


async def test_fifty_receipts_are_two_statements(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=60)
        await staff.commit(await staff.draft(tour))
        ids = [r["id"] for r in await service.resources.database.pool.fetch("SELECT id FROM entry LIMIT 50")]
        before = service.resources.database.statements
        assert len(await service.resources.proofs.receipts_of_entries(ids)) == 50
        assert service.resources.database.statements - before == 2


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13])
def test_every_path_leads_to_the_root(size: int) -> None:
    leaves = [hashlib.sha256(bytes([n])).digest() for n in range(size)]
    levels = merkle_levels(b"".join(leaves))
    for position, leaf in enumerate(leaves):
        steps = [(levels[s.level][32 * s.place : 32 * s.place + 32], s.left) for s in path(position, size)]
        assert climb(leaf, steps) == levels[-1]


@pytest.mark.parametrize("strategy", EVERY_STRATEGY)
async def test_the_file_alone_proves_the_draw(database: Any, tmp_path: Path, strategy: str) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=120, allocation=30)
        await service.resources.database.pool.execute(
            "UPDATE entry SET score_due = false,"
            " score = CASE WHEN right(user_id, 1) < 'h' THEN ascii(right(user_id, 1)) / 7.0 END"
        )
        wave_id = await staff.final(tour, strategy=strategy)
        result = verify(await published_file(service, wave_id, tmp_path))
        assert result.returncode == 0, result.stdout + result.stderr
        assert result.stdout.endswith("is valid.\n")
        [draw] = await public_draws(service, tour)
        for announced in ("rosterRoot", "seedCommitment"):
            assert draw["proof"][announced] in result.stdout, (
                "for whoever wrote down what was published before"
            )


def _swap_winner(head: dict[str, Any], roster: list[str], winners: list[str]) -> None:
    winners[0] = winners[0].replace(winners[0].split("|")[0], roster[-1].split("|")[1])


def _more_tickets(head: dict[str, Any], roster: list[str], winners: list[str]) -> None:
    fields = roster[3].split("|")
    roster[3] = "|".join([*fields[:2], str(int(fields[2]) + 1), *fields[3:]])


def _other_seed(head: dict[str, Any], roster: list[str], winners: list[str]) -> None:
    head["seed"] = hashlib.sha256(b"another").hexdigest()


def _more_seats(head: dict[str, Any], roster: list[str], winners: list[str]) -> None:
    head["seats"][0]["capacity"] += 4


def _other_beacon(head: dict[str, Any], roster: list[str], winners: list[str]) -> None:
    head["beacon"]["value"] = "7 8 9"


def _other_strategy(head: dict[str, Any], roster: list[str], winners: list[str]) -> None:
    head["strategy"] = "FIRST_COME"


@pytest.mark.parametrize(
    "tamper", [_swap_winner, _more_tickets, _other_seed, _more_seats, _other_beacon, _other_strategy]
)
async def test_a_tampered_file_is_found_out(
    database: Any, tmp_path: Path, tamper: Callable[[dict[str, Any], list[str], list[str]], None]
) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=60, allocation=20)
        wave_id = await _drawn_with_a_beacon(service, staff, tour)
        file = await published_file(service, wave_id, tmp_path)
        lines = gzip.decompress(file.read_bytes()).decode().split("\n")[:-1]
        head = json.loads(lines[0])
        roster, winners = lines[1 : 1 + head["rosterSize"]], lines[1 + head["rosterSize"] :]
        plain = tmp_path / "plain.draw"
        plain.write_text("\n".join([json.dumps(head), *roster, *winners]) + "\n")
        assert verify(plain).returncode == 0
        tamper(head, roster, winners)
        plain.write_text("\n".join([json.dumps(head), *roster, *winners]) + "\n")
        result = verify(plain)
        assert result.returncode == 1
        assert "WRONG" in result.stdout


EMPTY: dict[str, Any] = {
    "format": "monoql-draw/1",
    "wave": "wav_1",
    "strategy": "FIRST_COME",
    "rosterRoot": "",
    "seed": "00",
    "seedCommitment": "",
    "beacon": None,
    "outcomeHash": "",
    "seats": [],
    "rosterSize": 0,
    "winners": 0,
}
MALFORMED: list[dict[str, Any]] = [
    {"wave": ...},
    {"seed": None},
    {"beacon": "7"},
    {"beacon": {"source": "", "round": "", "value": 1}},
    {"seats": 5},
    {"seats": [[]]},
    {"winners": "0"},
]


def empty_draw(**changes: Any) -> bytes:
    """The file of a draw without fans; what is set to `...` is left out."""
    return json.dumps({k: v for k, v in (EMPTY | changes).items() if v is not ...}).encode() + b"\n"


def damaged() -> bytes:
    packed = bytearray(gzip.compress(empty_draw(wave="w" * 500)))
    packed[20] ^= 0xFF
    return bytes(packed)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}\n", b"\x1f\x8bnot gzip", b"\xff\xfe", damaged(), b"[" * 200_000]
    + [empty_draw(**changes) for changes in MALFORMED],
    ids=range(13),
)
def test_what_is_no_draw_is_said_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x"
    file.write_bytes(content)
    result = verify(file)
    assert result.returncode == 2
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1


def test_the_control_is_a_draw(tmp_path: Path) -> None:
    """Without its one fault each of the files above is read as a draw, if not a valid one."""
    file = tmp_path / "x"
    file.write_bytes(empty_draw())
    assert verify(file).returncode == 1


async def _drawn_with_a_beacon(service: ServiceUnderTest, staff: Staff, tour: dict[str, Any]) -> str:
    wave_id = await staff.draft(tour)
    committed = await staff.ask(step("commitWave"), {"waveId": wave_id, "beacon": BEACON})
    assert committed["__typename"] == "WaveCommitted"
    started = await staff.run(wave_id, beaconValue="1 2 3")
    assert started["__typename"] == "SelectionStarted", started
    await service.resources.selections.draw(wave_id)
    return wave_id


async def test_a_beacon_is_announced_before_and_mixed_in_after(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=40, allocation=8)
        wave_id = await staff.draft(tour)
        await staff.ask(step("commitWave"), {"waveId": wave_id, "beacon": BEACON})
        [draw] = await public_draws(service, tour)
        assert draw["proof"]["beacon"] == {**BEACON, "value": None}
        without = await staff.run(wave_id)
        assert (without["__typename"], without["code"]) == ("ValidationFailed", "VALIDATION_FAILED")
        await staff.run(wave_id, beaconValue="1 2 3")
        await service.resources.selections.draw(wave_id)
        assert (await service.resources.proofs.verify(wave_id)).valid
        pool = service.resources.database.pool
        await pool.execute("UPDATE wave SET beacon_value = '3 2 1'")
        assert not (await service.resources.proofs.verify(wave_id)).outcome_matches


async def test_a_value_that_was_not_announced_is_refused(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=5)
        wave_id = await staff.draft(tour)
        await staff.commit(wave_id)
        assert (await staff.run(wave_id, beaconValue="1 2 3"))["__typename"] == "ValidationFailed"
