"""Through the router and everything behind it, over HTTP: registrations, and the campaign page."""

import asyncio
import time
from collections.abc import Callable, Sequence

from scripts.devtools.bench.layers import Done
from scripts.devtools.bench.requests import FanRequests
from scripts.devtools.campaign_setup import Campaign
from scripts.devtools.load.loopback import Target
from scripts.devtools.load.pages import PAGES, readings
from scripts.devtools.load.pool import ANSWER_TIMEOUT_SECONDS, Pool
from scripts.devtools.load.requests import head_of, tail_of
from scripts.devtools.load.response import Response
from scripts.devtools.load.tally import acknowledged_id


class ClosedLoop:
    """Keeps so many requests in flight for so long; `parts()` gives the next one, None when there is no more."""

    def __init__(
        self,
        target: Target,
        parts: Callable[[], Sequence[bytes] | None],
        good: Callable[[Response], bool],
        concurrency: int,
    ) -> None:
        self._next = parts
        self._good = good
        self._concurrency = concurrency
        self._pool = Pool(target, self._parts_of, self._answered, self._failed, most=concurrency)
        self._prepared: dict[int, Sequence[bytes]] = {}
        self._sent = self._count = self._refused = 0
        self._deadline = 0.0
        self._over = asyncio.Event()
        self.first_refusal: Response | None = None

    async def run(self, seconds: float) -> Done:
        """Until the last answer to what was sent within the time."""
        began = time.monotonic()
        self._deadline = began + seconds
        for _ in range(self._concurrency):
            self._send()
        try:
            async with asyncio.timeout(seconds + ANSWER_TIMEOUT_SECONDS):
                await self._over.wait()
        except TimeoutError:
            pass
        lasted = time.monotonic() - began
        await self._pool.aclose()
        return Done(self._count, lasted, self._refused)

    def _send(self) -> None:
        parts = self._next() if time.monotonic() < self._deadline else None
        if parts is not None:
            self._prepared[self._sent] = parts
            self._sent += 1
            self._pool.send(self._sent - 1)
        elif self._count + self._refused == self._sent:
            self._over.set()

    def _parts_of(self, number: int) -> Sequence[bytes]:
        return self._prepared.pop(number)

    def _answered(self, _number: int, response: Response) -> None:
        if self._good(response):
            self._count += 1
        else:
            self._refused += 1
            self.first_refusal = self.first_refusal or response
        self._send()

    def _failed(self, number: int, _kind: str) -> None:
        self._prepared.pop(number, None)
        self._refused += 1
        self._send()


class Routed:
    """Registrations of fans through the router, one fan after another on each connection."""

    def __init__(self, target: Target, fans: FanRequests, concurrency: int, name: str = "stack") -> None:
        self.name = name
        self._target = target
        self._fans = fans
        self._concurrency = concurrency
        self._head = head_of(target)

    async def prepare(self, seconds: float) -> None:
        """Sign enough tokens."""
        await self._fans.fill(seconds, self.name)

    async def run(self, seconds: float) -> Done:
        """One closed loop."""
        loop = ClosedLoop(
            self._target, self._next, lambda answer: acknowledged_id(answer) is not None, self._concurrency
        )
        done = await loop.run(seconds)
        self._fans.note_rate(self.name, done)
        return done

    def _next(self) -> Sequence[bytes] | None:
        request = self._fans.next()
        if request is None:
            return None
        token, body = request
        return self._head, token, tail_of(body)


class CampaignPage:
    """The page that a fan sees who has registered: three subgraphs in one query."""

    def __init__(
        self, target: Target, campaign: Campaign, registered: Sequence[bytes], concurrency: int
    ) -> None:
        self.name = "page"
        self._target = target
        self._concurrency = concurrency
        self._pages = readings(PAGES["campaign"], target, registered, campaign.slug)
        self._seen = 0

    async def prepare(self, seconds: float) -> None:
        """Nothing to do."""

    async def run(self, seconds: float) -> Done:
        """One closed loop."""
        whole = PAGES["campaign"].is_whole
        return await ClosedLoop(self._target, self._next, whole, self._concurrency).run(seconds)

    def _next(self) -> Sequence[bytes]:
        self._seen += 1
        return self._pages.parts(self._seen)
