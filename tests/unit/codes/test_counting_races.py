"""Two moves of one code or pool that meet: whichever comes second sees the first, and the counters are the ledger.

Each with its negative control, the same statements without their guard.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import asyncpg
import pytest

from services.codes.backend import redemptions_store, voids_store
from services.kit.pg import Database
from tests.unit.codes.conftest import SOMEBODY_WAITS, Codes
from tests.unit.codes.entries_peer import Winner
from tests.unit.codes.ledger import assert_counted
from tests.unit.codes.platform import sale
from tests.unit.codes.test_redemptions import several_processes, take
from tests.unit.codes.test_void_races import PAST, two_fates, void, without, without_checks

SAFE = pytest.mark.parametrize("safe", [True, False], ids=["as it is", "control"])


@asynccontextmanager
async def held_after(monkeypatch: pytest.MonkeyPatch, name: str) -> AsyncIterator[asyncio.Event]:
    """Whoever runs the statement of this name stops behind it, before the commit, until the context ends.

    The event says that somebody has.
    """
    reached, go_on = asyncio.Event(), asyncio.Event()
    run = Database._run

    async def run_late(self: Database, method: str, query: Any, connection: Any, parameters: Any) -> Any:
        found = await run(self, method, query, connection, parameters)
        if query.name == name:
            reached.set()
            await go_on.wait()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Database, "_run", run_late)
        try:
            yield reached
        finally:
            go_on.set()


async def waits_or_ends(codes: Codes, task: asyncio.Task[Any]) -> None:
    """Returns once the task waits for a lock, or is done."""
    async with asyncio.timeout(20):
        while not task.done() and not await codes.sql(SOMEBODY_WAITS):
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("guard", ["lock", "constraint", "none"])
async def test_a_code_that_is_being_redeemed_does_not_expire(
    codes: Codes, monkeypatch: pytest.MonkeyPatch, guard: str
) -> None:
    """Without the lock a constraint refuses the second end; without that too, the code comes to both."""
    if guard != "lock":
        without(monkeypatch, voids_store.expiry, "expire", "FOR UPDATE SKIP LOCKED")
    if guard == "none":
        await without_checks(codes)
    _, [value] = await codes.winners(1)
    await codes.publish(version=2, presale_closes_at=PAST)
    async with held_after(monkeypatch, "settle") as settled:
        [store] = await several_processes(codes, 1)
        redeeming = asyncio.create_task(take(store, sale(value)))
        await settled.wait()
        expiring = asyncio.create_task(codes.resources.voids.expire())
        await waits_or_ends(codes, expiring)
        assert expiring.done() is (guard == "lock")
    assert (await redeeming).outcome == "ACCEPTED"
    with pytest.raises(asyncpg.CheckViolationError) if guard == "constraint" else nullcontext():
        await expiring
    assert await two_fates(codes) == (guard == "none")


@SAFE
async def test_a_sale_of_a_code_that_is_expiring_is_counted_where_it_was(
    codes: Codes, monkeypatch: pytest.MonkeyPatch, safe: bool
) -> None:
    """Without the lock the sale would be taken out of the counter in which the code no longer is."""
    if not safe:
        without(monkeypatch, redemptions_store.q, "lock_assignments", "FOR UPDATE OF a")
        await without_checks(codes)
    _, values = await codes.winners(3)
    await codes.publish(version=2, presale_closes_at=PAST)
    async with held_after(monkeypatch, "expire") as written:
        expiring = asyncio.create_task(codes.resources.voids.expire())
        await written.wait()
        [store] = await several_processes(codes, 1)
        redeeming = asyncio.create_task(take_all(store, values))
        await waits_or_ends(codes, redeeming)
        assert not redeeming.done()
    await asyncio.gather(expiring, redeeming)
    if safe:
        row = await assert_counted(codes, codes.events[0])
        assert (row["redeemed"], row["expired"], row["assigned"]) == (3, 0, 0)
    else:
        with pytest.raises(AssertionError):
            await assert_counted(codes, codes.events[0])


@SAFE
async def test_a_code_that_a_wave_is_reserving_is_not_withdrawn(
    codes: Codes, monkeypatch: pytest.MonkeyPatch, safe: bool
) -> None:
    event = codes.events[0]
    await codes.pool(event, 3)
    [first] = [row["id"] for row in await codes.sql("SELECT id FROM code WHERE position = 1")]
    if not safe:
        monkeypatch.setattr(codes.resources.store, "lock_pool_of", do_not_lock)
    wave = codes.entries.wave(codes.campaign, [Winner(event), Winner(event)])
    async with held_after(monkeypatch, "reserve") as reserved:
        assigning = asyncio.create_task(codes.assign(wave))
        await reserved.wait()
        voiding = asyncio.create_task(void(codes, first))
        await waits_or_ends(codes, voiding)
        assert not voiding.done()
    assert (await assigning)["__typename"] == "CodesAssignmentStarted"
    assert await voiding == ("RESERVED" if safe else "False")
    if safe:
        await codes.work()
        assert (await assert_counted(codes, event))["assigned"] == 2
    else:
        with pytest.raises(AssertionError):
            await assert_counted(codes, event)


async def do_not_lock(_connection: Any, _code_id: str) -> None:
    """What the store does before a withdrawal, left out."""


async def take_all(store: Any, values: list[str]) -> None:
    for value in values:
        assert (await take(store, sale(value))).outcome == "ACCEPTED"
