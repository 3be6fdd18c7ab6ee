"""A pool that runs low is told of once, by the worker, to the log and to the team's webhooks."""

import asyncio
from dataclasses import replace

import pytest

from services.codes.backend import low_pools_store
from tests.unit.codes.conftest import Codes
from tests.unit.codes.entries_peer import Winner
from tests.unit.codes.partner import Partner
from tests.unit.codes.test_webhooks import create, send

GENERATED = "... on CodesGenerated { pool { low } }"


async def watched_pool(codes: Codes, low_watermark: int, count: int) -> str:
    """A pool with so many codes that the worker has looked at."""
    made = await codes.mutate(
        "createCodePool",
        "... on CodePoolCreated { pool { id low } }",
        eventId=codes.events[0],
        lowWatermark=low_watermark,
    )
    assert made["pool"]["low"] is (low_watermark > 0)
    await codes.mutate("generateCodes", GENERATED, poolId=made["pool"]["id"], count=count)
    await codes.resources.low_pools.tell()
    return made["pool"]["id"]


async def take(codes: Codes, count: int) -> None:
    """So many winners get their codes."""
    winners = [Winner(codes.events[0]) for _ in range(count)]
    await codes.assign(codes.entries.wave(codes.campaign, winners))
    await codes.work()


async def test_it_is_told_when_it_begins_and_again_after_a_refill(codes: Codes) -> None:
    tell = codes.resources.low_pools.tell
    async with Partner() as partner:
        await create(codes, partner.url, ["POOL_LOW"])
        pool = await watched_pool(codes, low_watermark=10, count=10)
        assert (await tell(), await send(codes)) == (0, 0)
        await take(codes, 3)
        assert (await tell(), await tell(), await send(codes)) == (1, 0, 1)
        [received] = partner.received
        assert received.event["type"] == "pool.low"
        assert received.event["data"] == {
            "poolId": pool,
            "eventId": codes.events[0],
            "available": 7,
            "lowWatermark": 10,
        }
        refilled = await codes.mutate("generateCodes", GENERATED, poolId=pool, count=3)
        assert refilled["pool"]["low"] is False
        assert (await tell(), await send(codes)) == (1, 0)
        await take(codes, 1)
        assert (await tell(), await send(codes)) == (1, 1)


async def told_at_once(codes: Codes) -> None:
    async with Partner() as partner:
        await create(codes, partner.url, ["POOL_LOW"])
        await watched_pool(codes, low_watermark=5, count=5)
        await take(codes, 1)
        await asyncio.gather(*(codes.resources.low_pools.tell() for _ in range(6)))
        await send(codes)
        assert len(partner.received) == 1


async def test_several_workers_tell_once(codes: Codes) -> None:
    await told_at_once(codes)


async def test_without_the_note_they_would_tell_each_time(
    codes: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = low_pools_store.q.all["note_low"]
    forgetful = replace(query, sql=query.sql.replace("SET low_told = turned.low", "SET low_told = low_told"))
    monkeypatch.setitem(low_pools_store.q.all, "note_low", forgetful)
    with pytest.raises(AssertionError):
        await told_at_once(codes)


async def test_where_nobody_set_a_watermark_nothing_is_low(codes: Codes) -> None:
    await codes.pool(codes.events[0], 1)
    await take(codes, 1)
    assert await codes.resources.low_pools.tell() == 0
