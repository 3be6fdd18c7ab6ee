"""Sends each request at its intended time, whatever became of those before it."""

import asyncio
import contextlib
import gc
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from scripts.devtools.load.arrivals import percentile
from scripts.devtools.load.loopback import Target
from scripts.devtools.load.pool import ANSWER_TIMEOUT_SECONDS, MOST_CONNECTIONS, Parts, Pool
from scripts.devtools.load.response import Response
from scripts.devtools.load.tally import REGISTERED, Goal, Tally

_HEAD_START_SECONDS = 0.1
_LAST_MOMENT_SECONDS = 1.0
# uvloop's timers count whole milliseconds; a shorter nap is none, and the loop would spin.
_SHORTEST_NAP_SECONDS = 0.001


@dataclass(frozen=True)
class Sent:
    """A run's outcomes; `offered` is how many requests had come due when it ended.

    `seconds` is from the first intended time to the last outcome; `lateness_p99` is how far the generator itself
    lagged behind the intended times, in seconds, and is part of every latency.
    """

    tally: Tally
    offered: int
    seconds: float
    lateness_p99: float
    connections: int
    queued: int
    interrupted: bool


class Generator:
    """One run of an open-model load."""

    def __init__(
        self,
        target: Target,
        times: Sequence[float],
        parts: Parts,
        *,
        most_connections: int = MOST_CONNECTIONS,
        goal: Goal = REGISTERED,
    ) -> None:
        self.tally = Tally(len(times), goal)
        self._times = times
        self._pool = Pool(target, parts, self._answered, self._failed, most=most_connections)
        self._lateness = array("d")
        self._next = 0
        self._start = 0.0
        self._last = 0.0
        self._all_sent = asyncio.Event()
        self._all_settled = asyncio.Event()
        self._connections = 0
        self._stopped = False

    async def run(self) -> Sent:
        """Send everything, wait for the stragglers, close. Ends early, with what there is, when it is cancelled."""
        self._start = self._last = monotonic() + _HEAD_START_SECONDS
        interrupted = False
        gc.collect()
        gc.disable()
        sweep = asyncio.create_task(self._sweep())
        try:
            asyncio.get_running_loop().call_later(_HEAD_START_SECONDS, self._tick)
            await self._all_sent.wait()
            async with asyncio.timeout(ANSWER_TIMEOUT_SECONDS + 1):
                await self._all_settled.wait()
        except TimeoutError:
            pass
        except asyncio.CancelledError:
            interrupted = True
            await self._let_land()
        finally:
            gc.enable()
            sweep.cancel()
            self._stopped = True
            await self._pool.aclose()
        return Sent(
            tally=self.tally,
            offered=self._next,
            seconds=self._last - self._start,
            lateness_p99=percentile(sorted(self._lateness), 0.99),
            connections=self._connections,
            queued=self._pool.queued,
            interrupted=interrupted,
        )

    def _tick(self) -> None:
        if self._stopped:
            return
        times = self._times
        count = len(times)
        now = monotonic() - self._start
        while self._next < count and times[self._next] <= now:
            self._lateness.append(now - times[self._next])
            number = self._next
            self._next += 1
            self._pool.send(number)
            now = monotonic() - self._start
        if self._next < count:
            asyncio.get_running_loop().call_later(
                max(_SHORTEST_NAP_SECONDS, times[self._next] - now), self._tick
            )
        else:
            self._all_sent.set()
            if not count:
                self._all_settled.set()

    def _answered(self, number: int, response: Response) -> None:
        self._last = monotonic()
        self.tally.answered(number, self._last - self._start - self._times[number], response)
        self._note_settled()

    def _failed(self, number: int, kind: str) -> None:
        self._last = monotonic()
        self.tally.failed(number, self._last - self._start - self._times[number], kind)
        self._note_settled()

    def _note_settled(self) -> None:
        if self.tally.settled == (self._next if self._stopped else self.tally.count):
            self._all_settled.set()

    async def _let_land(self) -> None:
        """Send no more, and give what is in flight a moment."""
        self._stopped = True
        self._note_settled()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._all_settled.wait(), _LAST_MOMENT_SECONDS)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._connections = max(self._connections, self._pool.connections)
            self._pool.give_up()
