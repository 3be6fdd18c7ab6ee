"""Keep-alive connections as thin as asyncio allows: one request in flight on each, a queue when all are taken."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import cast

from scripts.devtools.load.loopback import Target
from scripts.devtools.load.response import MalformedResponseError, Response, ResponseParser

MOST_CONNECTIONS = 512
# Well below the 5 s after which Node closes an idle connection: a request must not cross with the close.
LONGEST_IDLE_SECONDS = 2.5
# Longer than the router's own deadline.
ANSWER_TIMEOUT_SECONDS = 12.0

OnAnswer = Callable[[int, Response], None]
OnFailure = Callable[[int, str], None]
Parts = Callable[[int], Sequence[bytes]]


class Pool:
    """Sends numbered requests over as many connections as are needed, up to a cap; the rest wait in order.

    `parts(number)` gives a request's bytes when its turn comes. Every number sent ends in exactly one call of
    `on_answer` or `on_failure`. Nothing is ever sent twice.
    """

    def __init__(
        self,
        target: Target,
        parts: Parts,
        on_answer: OnAnswer,
        on_failure: OnFailure,
        *,
        most: int = MOST_CONNECTIONS,
    ) -> None:
        self._target = target
        self._parts = parts
        self.on_answer = on_answer
        self.on_failure = on_failure
        self._most = most
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._waiting: deque[int] = deque()
        self._connecting: set[asyncio.Task[None]] = set()
        self.queued = 0

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return len(self._open)

    def send(self, number: int) -> None:
        """Send now if a connection is free, else as soon as one is."""
        # The one used last comes first: few connections stay warm and the others may lapse.
        while self._idle:
            connection = self._idle.pop()
            if connection.fresh:
                connection.send(number, self._parts(number))
                return
            connection.close()
        self._waiting.append(number)
        if not self._grow():
            self.queued += 1

    def free(self, connection: "Connection") -> None:
        """Take a connection back and give it what waits longest."""
        if self._waiting:
            number = self._waiting.popleft()
            connection.send(number, self._parts(number))
        else:
            self._idle.append(connection)

    def opened(self, connection: "Connection") -> None:
        """A new connection is there."""
        self._open.add(connection)
        self.free(connection)

    def closed(self, connection: "Connection") -> None:
        """A connection is gone; what waits must not wait for it."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if len(self._waiting) > len(self._connecting):
            self._grow()

    def give_up(self, older_than: float = ANSWER_TIMEOUT_SECONDS) -> None:
        """Abort the connections whose request was sent more than so many seconds ago."""
        now = monotonic()
        for connection in list(self._open):
            if connection.number is not None and now - connection.since >= older_than:
                connection.abort("no answer")

    async def aclose(self) -> None:
        """Fail whatever is still waiting or in flight and close every connection."""
        while self._waiting:
            self.on_failure(self._waiting.popleft(), "not sent")
        for task in list(self._connecting):
            task.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)
        while self._open:
            for connection in list(self._open):
                connection.abort("no answer")
            await asyncio.sleep(0)

    def _grow(self) -> bool:
        """Open one more connection. False at the cap."""
        if len(self._open) + len(self._connecting) >= self._most:
            return False
        task = asyncio.get_running_loop().create_task(self._connect())
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        return True

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: Connection(self), self._target.address, self._target.port)
        except OSError:
            # Each failed attempt fails the one that waits longest.
            if self._waiting:
                self.on_failure(self._waiting.popleft(), "connection refused")
            if len(self._waiting) >= len(self._connecting):
                self._grow()


class Connection(asyncio.Protocol):
    """One connection. `number` is the request in flight; `since` is when it was sent, or the last answer came."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._parser = ResponseParser()
        self._transport: asyncio.Transport | None = None
        self._failure = "connection lost"
        self.number: int | None = None
        self.since = monotonic()

    @property
    def fresh(self) -> bool:
        """Whether an idle connection can be trusted to be open still."""
        assert self._transport is not None
        return not self._transport.is_closing() and monotonic() - self.since < LONGEST_IDLE_SECONDS

    def send(self, number: int, parts: Sequence[bytes]) -> None:
        """Write a request. Its answer, or its failure, goes to the pool."""
        assert self._transport is not None
        self.number = number
        self.since = monotonic()
        self._transport.write(b"".join(parts))

    def close(self) -> None:
        """Close an idle connection."""
        assert self._transport is not None
        self._transport.close()

    def abort(self, failure: str) -> None:
        """Close at once; a request in flight fails with this kind."""
        assert self._transport is not None
        self._failure = failure
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)
        self._pool.opened(self)

    def data_received(self, data: bytes) -> None:
        """Part of asyncio.Protocol."""
        try:
            response = self._parser.feed(data)
        except MalformedResponseError:
            self.abort("malformed answer")
            return
        if response is not None:
            self._settle(response)

    def eof_received(self) -> None:
        """Part of asyncio.Protocol."""
        response = None if self._parser.idle else self._parser.feed_eof()
        if response is not None:
            self._settle(response)

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of asyncio.Protocol."""
        number, self.number = self.number, None
        if number is not None:
            self._pool.on_failure(number, self._failure)
        self._pool.closed(self)

    def _settle(self, response: Response) -> None:
        number, self.number = self.number, None
        self.since = monotonic()
        if number is None:
            self.abort("malformed answer")
            return
        self._pool.on_answer(number, response)
        if response.keep_alive:
            self._pool.free(self)
        else:
            self.close()
