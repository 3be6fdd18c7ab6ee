"""Voiding, replacing, redeeming, revealing and expiring one code at once: one of them is first, and the others know.

Each race has its negative control: the same check on code that looks before it writes.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from services.codes.backend import personal_data_store, voids_store, voids_wire
from services.codes.backend.voids_rules import NotInThisState
from services.kit.errors import NotFound
from services.kit.ids import new_id
from services.kit.pg import Queries
from tests.unit.codes.conftest import Codes
from tests.unit.codes.entries_peer import Winner
from tests.unit.codes.ledger import assert_counted
from tests.unit.codes.platform import sale
from tests.unit.codes.test_redemptions import several_processes, take

TOMBSTONE = """
      AND NOT EXISTS (SELECT FROM erasure x WHERE x.user_id = a.user_id AND x.until >= a.assigned_at)"""
PAST = "2026-01-01T00:00:00Z"


async def code_of(codes: Codes, winner: Winner) -> str:
    [row] = await codes.sql("SELECT code_id FROM assignment WHERE selection_id = $1", winner.id)
    return row["code_id"]


async def void(codes: Codes, code: str) -> str:
    try:
        return str((await codes.resources.voids.void("usr_staff", code, voids_wire.Void("race"))).replayed)
    except NotInThisState as error:
        return error.details["from_state"]


async def reissue(codes: Codes, code: str) -> str:
    try:
        answer = await codes.resources.voids.reissue("usr_staff", code, voids_wire.Reissue("race"))
    except NotInThisState as error:
        return error.details["from_state"]
    return answer.code.id


async def outcomes(answers: Iterable[Awaitable[Any]]) -> Counter[Any]:
    return Counter(await asyncio.gather(*answers))


async def two_fates(codes: Codes) -> int:
    """How many codes came to more than one end."""
    [row] = await codes.sql(
        "SELECT count(*) AS n FROM assignment WHERE num_nonnulls(redeemed_at, expired_at, voided_at) > 1"
    )
    return row["n"]


async def without_checks(codes: Codes) -> None:
    """Ledger and pools without the constraints that decide."""
    owner = await asyncpg.connect(codes.database.owner_dsn)
    rows = await owner.fetch(
        "SELECT conrelid::regclass::text AS name, conname FROM pg_constraint "
        "WHERE conrelid IN ('assignment'::regclass, 'code_pool'::regclass) AND contype = 'c'"
    )
    for row in rows:
        await owner.execute(f"ALTER TABLE {row['name']} DROP CONSTRAINT {row['conname']}")
    await owner.execute("DROP INDEX assignment_current")
    await owner.close()


def without(monkeypatch: pytest.MonkeyPatch, queries: Queries, name: str, guard: str) -> None:
    """The statement as it would be had nobody thought of the race."""
    query = queries.all[name]
    assert guard in query.sql
    monkeypatch.setitem(queries.all, name, replace(query, sql=query.sql.replace(guard, "")))


async def test_a_code_is_voided_once_whoever_does_it_at_once(codes: Codes) -> None:
    winner, _ = await codes.winner()
    code = await code_of(codes, winner)
    assert await outcomes(void(codes, code) for _ in range(8)) == {"False": 1, "True": 7}
    assert (await assert_counted(codes, codes.events[0]))["voided"] == 1


async def test_a_code_is_replaced_once_whoever_does_it_at_once(codes: Codes) -> None:
    winner, _ = await codes.winner()
    await codes.pool(codes.events[0], 8)
    code = await code_of(codes, winner)
    found = await outcomes(reissue(codes, code) for _ in range(8))
    assert found.pop("VOIDED") == 7
    assert list(found.values()) == [1]
    assert await current_codes(codes, winner) == 1
    assert (await assert_counted(codes, codes.events[0]))["available"] == 7


async def current_codes(codes: Codes, winner: Winner) -> int:
    rows = await codes.sql(
        "SELECT FROM assignment WHERE selection_id = $1 AND superseded_by IS NULL", winner.id
    )
    return len(rows)


async def test_check_then_replace_would_give_her_two(codes: Codes) -> None:
    """The negative control."""
    winner, _ = await codes.winner()
    await codes.pool(codes.events[0], 2)
    code = await code_of(codes, winner)
    await without_checks(codes)
    free = await codes.sql("SELECT id FROM code WHERE position > 1")
    everybody_has_checked = asyncio.Barrier(2)

    async def check_then_replace(successor: str) -> None:
        [row] = await codes.sql("SELECT superseded_by FROM assignment WHERE code_id = $1", code)
        assert row["superseded_by"] is None
        await everybody_has_checked.wait()
        await codes.sql("UPDATE assignment SET superseded_by = $2 WHERE code_id = $1", code, successor)
        await codes.sql(
            "INSERT INTO assignment (code_id, selection_id, wave_id, distribution_id, entry_id, user_id, pool_id) "
            "SELECT $2, selection_id, wave_id, distribution_id, entry_id, user_id, pool_id FROM assignment "
            "WHERE code_id = $1",
            code,
            successor,
        )

    await asyncio.gather(*(check_then_replace(row["id"]) for row in free))
    assert await current_codes(codes, winner) == 2


@pytest.mark.parametrize("rounds", [4])
async def test_a_code_is_redeemed_or_voided(codes: Codes, rounds: int) -> None:
    winners, clear = await codes.winners(rounds)
    stores = await several_processes(codes, 4)
    for winner, value in zip(winners, clear, strict=True):
        code = await code_of(codes, winner)
        voided, reported = await asyncio.gather(
            outcomes(void(codes, code) for _ in range(4)),
            outcomes(outcome(store, value) for store in stores),
        )
        if voided["REDEEMED"]:
            assert (voided["REDEEMED"], reported["ACCEPTED"], reported["VOIDED"]) == (4, 1, 0)
        else:
            assert (voided["False"], reported["ACCEPTED"], reported["VOIDED"]) == (1, 0, 4)
    assert await two_fates(codes) == 0
    await assert_counted(codes, codes.events[0])


async def outcome(store: Any, code: str) -> str:
    return (await take(store, sale(code, 3, externalId=new_id("sale")))).outcome


async def test_check_then_void_would_void_what_is_redeemed(codes: Codes) -> None:
    """The negative control."""
    await codes.winner()
    await without_checks(codes)
    everybody_has_checked = asyncio.Barrier(2)

    async def check_then_end(column: str) -> None:
        [row] = await codes.sql("SELECT redeemed_at, voided_at FROM assignment")
        assert row["redeemed_at"] is row["voided_at"] is None
        await everybody_has_checked.wait()
        await codes.sql(f"UPDATE assignment SET {column} = now()")

    await asyncio.gather(check_then_end("redeemed_at"), check_then_end("voided_at"))
    assert await two_fates(codes) == 1


async def test_a_code_that_is_being_voided_is_not_revealed(codes: Codes, admin_connection: Any) -> None:
    winner, value = await codes.winner()
    code = await code_of(codes, winner)
    async with voiding(codes, code) as blocker:
        reveal = asyncio.ensure_future(codes.resources.store.reveal("usr_support", winner.id))
        await somebody_waits(admin_connection, codes.database.name)
        await blocker.execute("COMMIT")
        with pytest.raises(NotFound):
            await reveal
    assert value


async def test_check_then_reveal_would_show_a_voided_code(codes: Codes) -> None:
    """The negative control: whoever looked before shows it after."""
    winner, _ = await codes.winner()
    code = await code_of(codes, winner)
    async with voiding(codes, code) as blocker:
        [row] = await codes.sql("SELECT voided_at FROM assignment WHERE code_id = $1", code)
        await blocker.execute("COMMIT")
        assert row["voided_at"] is None
    assert (await codes.sql("SELECT voided_at FROM assignment"))[0]["voided_at"]


class voiding:  # noqa: N801 - reads as a word in `async with`
    """Somebody else's transaction that has voided the code and not yet committed."""

    def __init__(self, codes: Codes, code: str) -> None:
        self._codes, self._code = codes, code

    async def __aenter__(self) -> Any:
        self._connection = await asyncpg.connect(self._codes.database.owner_dsn)
        await self._connection.execute("BEGIN")
        await self._connection.execute(
            "UPDATE assignment SET voided_at = now() WHERE code_id = $1", self._code
        )
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()


async def somebody_waits(admin_connection: Any, database: str) -> None:
    """Returns when a connection waits for a lock."""
    query = "SELECT FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
    while not admin_connection.execute(query, [database]).fetchall():
        await asyncio.sleep(0.01)


async def test_a_sale_before_the_end_counts_although_the_code_expires_meanwhile(codes: Codes) -> None:
    winners, clear = await codes.winners(12)
    await codes.publish(version=2, presale_closes_at=PAST)
    stores = await several_processes(codes, 4)

    async def expire() -> None:
        while await codes.resources.voids.expire(3):
            pass

    reports = [outcome(stores[n % 4], value) for n, value in enumerate(clear[:8])]
    _, found = await asyncio.gather(asyncio.gather(expire(), expire()), outcomes(reports))
    await expire()
    assert found == {"ACCEPTED": 8}
    row = await assert_counted(codes, codes.events[0])
    assert (row["redeemed"], row["expired"], row["assigned"]) == (8, 4, 0)
    assert await two_fates(codes) == 0
    last = {
        each["selection_id"]: each for each in sorted(codes.entries.told, key=lambda told: told["version"])
    }
    assert Counter(each["outcome"] for each in last.values()) == {"REDEEMED": 8, "EXPIRED": 4}
    assert {last[winner.id]["outcome"] for winner in winners[:8]} == {"REDEEMED"}


async def test_a_wave_and_a_withdrawal_never_get_the_same_code(codes: Codes) -> None:
    event = codes.events[0]
    await codes.pool(event, 30)
    ids = [row["id"] for row in await codes.sql("SELECT id FROM code ORDER BY position")]
    codes.entries.page = 4

    async def assign(size: int) -> str:
        return (await codes.assign(codes.entries.wave(codes.campaign, [Winner(event) for _ in range(size)])))[
            "__typename"
        ]

    found, _ = await asyncio.gather(
        outcomes(void(codes, code) for code in ids[::2]), outcomes(assign(size) for size in (3, 5, 7))
    )
    await codes.work()
    assert set(found) <= {"False", "RESERVED"}
    row = await assert_counted(codes, event)
    assert (row["voided"], row["assigned"]) == (found["False"], 15)
    both = await codes.sql("SELECT FROM assignment WHERE code_id IN (SELECT code_id FROM withdrawn_code)")
    assert both == []


@pytest.mark.parametrize("guards", [("tombstone", "wait"), ("tombstone",), ("wait",), ()])
async def test_a_fan_who_is_erased_while_her_code_is_replaced_is_not_in_the_new_row(
    codes: Codes, admin_connection: Any, monkeypatch: pytest.MonkeyPatch, guards: tuple[str, ...]
) -> None:
    """Either guard does. The negative control is without both: the erasure sees the old row alone."""
    if "wait" not in guards:
        without(monkeypatch, personal_data_store.q, "hold_assignments", " FOR UPDATE")
    if "tombstone" not in guards:
        without(monkeypatch, voids_store.q, "replace", TOMBSTONE)
    winner, _ = await codes.winner()
    await codes.pool(codes.events[0], 1)
    code = await code_of(codes, winner)
    blocker = await asyncpg.connect(codes.database.owner_dsn)
    await blocker.execute("DELETE FROM delivery")  # a message in line would make the erasure wait, too
    await blocker.execute("BEGIN; SELECT FROM code_pool FOR UPDATE")
    replacing = asyncio.ensure_future(reissue(codes, code))  # it holds her row, and waits for the pool
    await somebody_waits(admin_connection, codes.database.name)
    erasure = {"request_id": new_id("prv"), "user_id": winner.user, "until": "2030-01-01T00:00:00Z"}
    erasing = asyncio.ensure_future(codes.service.rest("POST", "/personal-data/erase", erasure))
    query = "SELECT FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
    while len(admin_connection.execute(query, [codes.database.name]).fetchall()) < 2:
        await asyncio.sleep(0.01)
    await blocker.execute("COMMIT")
    await blocker.close()
    await asyncio.gather(replacing, erasing, return_exceptions=True)
    assert erasing.result().status_code == 200
    left = await codes.sql("SELECT superseded_by FROM assignment WHERE user_id = $1", winner.user)
    assert [row["superseded_by"] for row in left] == ([] if guards else [None])
