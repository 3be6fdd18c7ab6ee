"""Fifty representations are one request to the Code Service and one SQL statement, for every entity."""

from collections import Counter

import asyncpg
import pytest

from services.codes.backend.store import q
from services.kit.ids import new_id
from services.kit.upstream import Upstream
from tests.unit.codes.conftest import Codes
from tests.unit.codes.entries_peer import Winner

FIFTY = 50
FIELDS = {
    "Event": "... on Event { id codePool { id lowWatermark event { id } counts { total available } } }",
    "Selection": "... on Selection { id accessCode { id masked value state assignedAt selection { id } } }",
    "Wave": "... on Wave { id distribution { id state assigned delivered shortfalls { missing } wave { id } } }",
    "Entry": "... on Entry { id accessCodes { id masked value event { id } } }",
    "AccessCode": "... on AccessCode { id masked value state redeemedAt event { id } selection { id } }",
    "CodePool": "... on CodePool { id lowWatermark event { id } counts { total assigned } }",
}


class Traffic:
    """Requests by path, as the subgraph sends them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.paths: Counter[str] = Counter()
        send = Upstream._send

        async def counted(upstream: Upstream, method: str, path: str, *arguments: object) -> object:
            self.paths[path] += 1
            return await send(upstream, method, path, *arguments)  # pyright: ignore[reportArgumentType]

        monkeypatch.setattr(Upstream, "_send", counted)


async def fifty_of_each(codes: Codes) -> dict[str, list[str]]:
    """Ids of fifty events with pools, and of fifty waves of one winner each, whose codes are released."""
    codes.events = [new_id("evt") for _ in range(FIFTY)]
    await codes.publish(version=2)
    pools = [await codes.pool(event, 1) for event in codes.events]
    winners = [Winner(event) for event in codes.events]
    waves = [codes.entries.wave(codes.campaign, [winner]) for winner in winners]
    for wave in waves:
        await codes.assign(wave)
    await codes.work()
    return {
        "Event": codes.events,
        "Selection": [winner.id for winner in winners],
        "Wave": waves,
        "Entry": [winner.entry for winner in winners],
        "AccessCode": [row["id"] for row in await codes.sql("SELECT id FROM code ORDER BY id")],
        "CodePool": pools,
    }


async def test_fifty_representations_are_one_request_and_one_statement(
    codes: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await fifty_of_each(codes)
    reader = codes.service.grant("reader", "CODE_READ", codes.campaign)
    outsider = codes.service.grant("outsider", "CODE_READ", new_id("tea"))
    traffic = Traffic(monkeypatch)
    for kind, fields in FIELDS.items():
        representations = [{"__typename": kind, "id": each} for each in reversed(ids[kind])]
        for token, sees in ((reader, True), (outsider, False), (None, False)):
            traffic.paths.clear()
            before = codes.resources.database.statements
            found = await codes.service.entities(fields, representations, token=token)
            assert codes.resources.database.statements - before == 1, kind
            access = traffic.paths.pop("/access/check", 0)
            assert access == (0 if token is None else 1), kind
            assert traffic.paths.total() == 1, (kind, traffic.paths)
            if kind in ("AccessCode", "CodePool"):
                assert [each and each["id"] for each in found] == [
                    r["id"] if sees else None for r in representations
                ]
            else:
                assert [each["id"] for each in found] == [r["id"] for r in representations]
                assert all(
                    (value is not None) is sees
                    for each in found
                    for name, value in each.items()
                    if name != "id"
                )


async def test_what_is_not_there_is_null_and_spoils_nothing(codes: Codes) -> None:
    strange = [new_id("xyz"), "", "\0", "x" * 5000, "'; DROP TABLE code; --", "€"]
    for kind, fields in FIELDS.items():
        representations = [{"__typename": kind, "id": each} for each in strange]
        found = await codes.service.entities(fields, representations, token=codes.manager)
        contributed = [value for each in found if each for name, value in each.items() if name != "id"]
        assert contributed == [None] * len(contributed)
        if kind in ("AccessCode", "CodePool"):
            assert found == [None] * len(strange)


async def test_a_page_of_imports_and_errors_is_batched(codes: Codes, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = await codes.pool(codes.events[0])
    ids: list[str] = []
    for n in range(20):
        fields = "... on CodeImportStarted { import { id } }"
        ids.append(
            (await codes.mutate("importCodes", fields, poolId=pool, csv=f"x\nABC-{n:05}"))["import"]["id"]
        )
    await codes.work()
    traffic = Traffic(monkeypatch)
    before = codes.resources.database.statements
    aliased = " ".join(
        f'i{n}: codeImport(id: "{each}") {{ accepted errors {{ line }} }}' for n, each in enumerate(ids)
    )
    found = await codes.ask(f"{{ {aliased} }}")
    assert all(each == {"accepted": 1, "errors": [{"line": 1}]} for each in found.values())
    assert codes.resources.database.statements - before == 2
    assert dict(traffic.paths) == {"/imports/batch": 1, "/access/check": 1, "/imports/errors": 1}


async def test_codes_are_found_by_index_before_there_are_statistics(codes: Codes) -> None:
    """Right after a mass assignment nothing is analyzed yet, and a plan that guesses reads the whole ledger."""
    pool = await codes.pool(codes.events[0])
    owner = await asyncpg.connect(codes.database.owner_dsn)
    await owner.execute("ALTER TABLE code SET (autovacuum_enabled = off)")
    await owner.execute("ALTER TABLE assignment SET (autovacuum_enabled = off)")
    await owner.execute(
        "INSERT INTO code (id, pool_id, position, sealed, lookup) "
        "SELECT 'cod_' || n, $1, n, 'x', sha256(n::text::bytea) FROM generate_series(1, 20000) AS n",
        pool,
    )
    await owner.execute(
        "INSERT INTO assignment (code_id, selection_id, wave_id, distribution_id, entry_id, user_id, pool_id) "
        "SELECT 'cod_' || n, 'sel_' || n, 'wav_1', 'dst_1', 'ent_' || n, 'usr_1', $1 "
        "FROM generate_series(1, 20000) AS n",
        pool,
    )
    for kind in ("ids", "selection_ids", "entry_ids"):
        keys = {"ids": [], "selection_ids": [], "entry_ids": []} | {kind: [f"x_{n}" for n in range(FIFTY)]}
        plan = await owner.fetch(f"EXPLAIN {q.codes.sql}", *q.codes.arguments(keys))
        text = "\n".join(row[0] for row in plan)
        assert "Seq Scan on code " not in text, text
        assert "Seq Scan on assignment" not in text, text
    await owner.close()
