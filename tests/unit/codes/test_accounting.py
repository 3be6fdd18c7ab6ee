"""The counters of a pool are what its ledger says, at every moment, whatever happens at once."""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from services.codes.backend import distributions_jobs, imports_jobs, voids_wire
from services.codes.backend.rules import InsufficientCodes
from services.codes.backend.voids_rules import NotInThisState
from tests.unit.codes.conftest import Codes
from tests.unit.codes.entries_peer import Winner
from tests.unit.codes.ledger import assert_counted
from tests.unit.codes.platform import sale
from tests.unit.codes.test_redemptions import several_processes, take

PAST, FUTURE = "2026-01-01T00:00:00Z", "2090-01-01T00:00:00Z"


async def test_counters_are_the_ledger_while_everything_happens_at_once(codes: Codes) -> None:
    event, resources = codes.events[0], codes.resources
    pool = await codes.pool(event, 60)
    winners, clear = await codes.winners(20, event)
    held = [row["code_id"] for row in await codes.sql("SELECT code_id FROM assignment ORDER BY code_id")]
    free = [row["id"] for row in await codes.sql("SELECT id FROM code WHERE position BETWEEN 70 AND 80")]
    [store] = await several_processes(codes, 1)
    codes.entries.page = 3
    dice = random.Random(7)
    versions = itertools.count(2)

    async def load() -> None:
        await codes.mutate("generateCodes", "", poolId=pool, count=5)
        csv = "\n".join(f"LOAD-{dice.randrange(60):05}" for _ in range(30))
        started = await codes.mutate(
            "importCodes", "... on CodeImportStarted { import { id } }", poolId=pool, csv=csv
        )
        await imports_jobs.read(resources.imports, resources.files, started["import"]["id"])

    async def assign() -> None:
        started = await codes.assign(codes.entries.wave(codes.campaign, [Winner(event) for _ in range(4)]))
        if started["__typename"] == "CodesAssignmentStarted":
            await distributions_jobs.distribute(
                resources.distributions,
                resources.deliveries,
                resources.peer("entries"),
                started["distribution"]["id"],
            )

    async def void() -> None:
        await resources.voids.void("usr_staff", dice.choice(held + free), voids_wire.Void("load"))

    async def reissue() -> None:
        await resources.voids.reissue("usr_staff", dice.choice(held), voids_wire.Reissue("load"))

    async def redeem() -> None:
        await take(store, sale(dice.choice(clear)))

    async def expire() -> None:
        await codes.publish(version=next(versions), presale_closes_at=dice.choice([PAST, FUTURE]))
        await resources.voids.expire(5)

    async def often(action: Callable[[], Awaitable[None]], times: int) -> None:
        for _ in range(times):
            try:
                await action()
            except (NotInThisState, InsufficientCodes):
                continue

    finished = asyncio.Event()

    async def watch() -> int:
        looks = 0
        while not finished.is_set():
            await assert_counted(codes, event)
            await codes.counts(event)
            looks += 1
        return looks

    watcher = asyncio.ensure_future(watch())
    await asyncio.gather(
        often(load, 4),
        often(assign, 6),
        *(often(action, 12) for action in (void, reissue, redeem, expire, void, expire)),
    )
    finished.set()
    assert await watcher > 10
    counted = await assert_counted(codes, event)
    assert min(counted[name] for name in ("available", "assigned", "redeemed", "voided")) > 0, counted
    assert len(winners) == 20


async def test_a_move_that_is_not_counted_shows(codes: Codes) -> None:
    """The negative control."""
    await codes.winner()
    await assert_counted(codes, codes.events[0])
    await codes.sql("UPDATE assignment SET voided_at = now()")
    with pytest.raises(AssertionError):
        await assert_counted(codes, codes.events[0])


async def test_the_service_can_remove_nothing_from_the_ledger(codes: Codes) -> None:
    await codes.winner()
    for table in ("assignment", "withdrawn_code", "code", "erasure"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await codes.sql(f"DELETE FROM {table}")
