"""Adaptive micro-batch: while one flush is in flight the next one fills; an idle system adds no wait."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from typing import Generic, TypeVar

from services.kit.errors import RateLimited
from services.kit.telemetry import is_traced

T = TypeVar("T")
R = TypeVar("R")


class MicroBatcher(Generic[T, R]):
    """Collects items across requests and hands them to `flush` together.

    `flush` gets at most `max_items` items and answers one result per item, in order; a result that is an exception is
    raised to its submitter. If `flush` itself raises, all of its batch's submitters get that. `max_waiting`
    items may wait; more are
    RateLimited at once, so a slow database makes refusals, not a pile-up. One flush is in flight at a time: fewer
    and fuller batches cost less than more and emptier ones. A flush runs in the context of one of its submitters: the
    first whose request is traced, else the first, so that its spans and log lines are found from there.
    """

    def __init__(
        self,
        flush: Callable[[list[T]], Awaitable[list[R | Exception]]],
        *,
        max_items: int = 200,
        max_waiting: int = 4000,
    ) -> None:
        self._flush = flush
        self._max_items = max_items
        self._max_waiting = max_waiting
        self._waiting: list[tuple[T, asyncio.Future[R], Context]] = []
        self._runner: asyncio.Task[None] | None = None

    async def submit(self, item: T) -> R:
        """The result for this item. Raises RateLimited when too many wait already."""
        if len(self._waiting) >= self._max_waiting:
            raise RateLimited(1, "The service is at capacity. Try again in a second.")
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future, copy_context()))
        if self._runner is None:
            self._runner = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._max_items], self._waiting[self._max_items :]
                await self._settle(batch)
        finally:
            self._runner = None

    async def _settle(self, batch: list[tuple[T, asyncio.Future[R], Context]]) -> None:
        async def flush() -> list[R | Exception]:
            return await self._flush([item for item, _, _ in batch])

        context = next((context for *_, context in batch if is_traced(context)), batch[0][2])
        try:
            results = await asyncio.create_task(flush(), context=context)
            if len(results) != len(batch):
                raise ValueError(f"the flush answered {len(results)} results for {len(batch)} items")
        except Exception as error:
            results = [error for _ in batch]
        for (_, future, _), result in zip(batch, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
