"""The micro-batcher: full batches under load, no wait when idle, refusals instead of a pile-up."""

import asyncio

import pytest

from services.kit import telemetry
from services.kit.batching import MicroBatcher
from services.kit.errors import RateLimited


class Flushes:
    """A flush that waits until the test lets it go, and remembers its batches."""

    def __init__(self, *, held: bool = False) -> None:
        self.batches: list[list[int]] = []
        self.started = asyncio.Event()
        self.gate = asyncio.Event()
        if not held:
            self.gate.set()

    async def __call__(self, batch: list[int]) -> list[int | Exception]:
        self.batches.append(batch)
        self.started.set()
        await self.gate.wait()
        return [ValueError(f"{item} is odd") if item % 2 else item * 10 for item in batch]


async def test_an_idle_batcher_sends_one_item_at_once() -> None:
    flushes = Flushes()
    batcher = MicroBatcher(flushes)
    assert await batcher.submit(2) == 20
    assert await batcher.submit(4) == 40
    assert flushes.batches == [[2], [4]]


async def test_while_one_flush_is_in_flight_the_next_one_fills() -> None:
    flushes = Flushes(held=True)
    batcher = MicroBatcher(flushes, max_items=3)
    first = asyncio.create_task(batcher.submit(0))
    await flushes.started.wait()
    others = [asyncio.create_task(batcher.submit(item)) for item in (2, 4, 6, 8, 10)]
    await asyncio.sleep(0)
    assert flushes.batches == [[0]]
    flushes.gate.set()
    assert await asyncio.gather(first, *others) == [0, 20, 40, 60, 80, 100]
    assert flushes.batches == [[0], [2, 4, 6], [8, 10]]


async def test_what_comes_in_one_turn_of_the_loop_goes_together() -> None:
    flushes = Flushes()
    batcher = MicroBatcher(flushes)
    assert await asyncio.gather(*(batcher.submit(item) for item in (2, 4, 6))) == [20, 40, 60]
    assert flushes.batches == [[2, 4, 6]]


async def test_an_error_of_one_item_is_raised_to_its_submitter_alone() -> None:
    batcher = MicroBatcher(Flushes())
    good, bad = await asyncio.gather(batcher.submit(2), batcher.submit(3), return_exceptions=True)
    assert good == 20
    assert isinstance(bad, ValueError)


async def test_an_error_of_a_flush_is_raised_to_its_batch_and_the_next_goes_on() -> None:
    failing = True

    async def flush(batch: list[int]) -> list[int | Exception]:
        if failing:
            raise OSError("no route")
        return [*batch]

    batcher = MicroBatcher(flush)
    results = await asyncio.gather(batcher.submit(1), batcher.submit(2), return_exceptions=True)
    assert [type(result) for result in results] == [OSError, OSError]
    failing = False
    assert await batcher.submit(3) == 3


async def test_a_flush_that_answers_too_few_fails_its_batch_instead_of_hanging_it() -> None:
    async def flush(batch: list[int]) -> list[int | Exception]:
        return [*batch[1:]]

    batcher = MicroBatcher(flush)
    results = await asyncio.gather(batcher.submit(1), batcher.submit(2), return_exceptions=True)
    assert [type(result) for result in results] == [ValueError, ValueError]


async def test_too_many_waiting_are_refused_at_once() -> None:
    flushes = Flushes(held=True)
    batcher = MicroBatcher(flushes, max_items=10, max_waiting=2)
    first = asyncio.create_task(batcher.submit(0))
    await flushes.started.wait()
    waiting = [asyncio.create_task(batcher.submit(item)) for item in (2, 4)]
    await asyncio.sleep(0)
    with pytest.raises(RateLimited):
        await batcher.submit(6)
    flushes.gate.set()
    assert await asyncio.gather(first, *waiting) == [0, 20, 40]


async def test_a_submitter_who_goes_away_disturbs_no_other() -> None:
    flushes = Flushes(held=True)
    batcher = MicroBatcher(flushes)
    gone, stays = asyncio.create_task(batcher.submit(2)), asyncio.create_task(batcher.submit(4))
    await flushes.started.wait()
    gone.cancel()
    flushes.gate.set()
    assert await stays == 40
    assert await batcher.submit(6) == 60


async def test_a_flush_runs_for_the_request_that_is_traced_else_for_the_first() -> None:
    """A runner that kept the context of whoever woke it would trace all later batches, or none."""
    flushed: list[tuple[list[str], str | None, str | None]] = []
    go_on = asyncio.Event()

    async def flush(items: list[str]) -> list[str | Exception]:
        traceparent = telemetry.outgoing_headers().get("traceparent")
        flushed.append((items, telemetry.request_id.get(), traceparent))
        if len(flushed) == 1:
            await go_on.wait()
        return [*items]

    batcher = MicroBatcher[str, str](flush)

    async def request(name: str, sampled: bool) -> None:
        parent = f"00-{'a' * 31}{name[-1]}-{'b' * 16}-0{int(sampled)}"
        headers = {b"x-request-id": name.encode(), b"traceparent": parent.encode()}
        telemetry.begin_request(headers)
        with telemetry.request_span("test", headers):
            await batcher.submit(name)

    first = asyncio.create_task(request("request-1", sampled=True))
    while not flushed:
        await asyncio.sleep(0)
    others = [asyncio.create_task(request(f"request-{n}", sampled=n == 3)) for n in (2, 3, 4)]
    while len(batcher._waiting) < 3:
        await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(first, *others)
    await request("request-5", sampled=False)
    assert [(items, rid) for items, rid, _ in flushed] == [
        (["request-1"], "request-1"),
        (["request-2", "request-3", "request-4"], "request-3"),
        (["request-5"], "request-5"),
    ]
    assert [parent and parent[3:35] for *_, parent in flushed] == [f"{'a' * 31}1", f"{'a' * 31}3", None]
