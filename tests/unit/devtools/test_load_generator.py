"""The open model against a server that answers as a test wants: late, cut off, not at all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from scripts.devtools.load.arrivals import intended_times
from scripts.devtools.load.generator import Generator
from scripts.devtools.load.loopback import Target
from scripts.devtools.load.requests import registrations
from tests.support.ports import free_port

Answer = Callable[[int, asyncio.StreamWriter], Awaitable[None]]
MARKETS = ["mkt_a", "mkt_b", "mkt_c"]


class Server:
    """Notes every request's head and body in `requests`, then lets the test answer request number n."""

    def __init__(self, answer: Answer) -> None:
        self.requests: list[tuple[bytes, bytes]] = []
        self.arrived = asyncio.Condition()
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                body = await reader.readexactly(length)
                async with self.arrived:
                    self.requests.append((head, body))
                    self.arrived.notify_all()
                await self._answer(len(self.requests) - 1, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[tuple[Server, Target]]:
    server = Server(answer)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", free_port())
    port = listening.sockets[0].getsockname()[1]
    try:
        yield server, Target("127.0.0.1", port, f"127.0.0.1:{port}", "/graphql")
    finally:
        listening.close()


def generator(target: Target, times: list[float], most_connections: int = 512) -> Generator:
    tokens = [b"token-%d" % number for number in range(len(times))]
    return Generator(
        target,
        times,
        registrations(target, tokens, "cmp_1", MARKETS, seed=1).parts,
        most_connections=most_connections,
    )


def acknowledgement(number: int, extra: bytes = b"") -> bytes:
    body = b'{"data":{"submitEntry":{"__typename":"EntrySubmitted","entry":{"id":"ent_%d"}}}}' % number
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n%b\r\n%b" % (len(body), extra, body)


async def acknowledge(number: int, writer: asyncio.StreamWriter) -> None:
    writer.write(acknowledgement(number))


async def test_each_fan_registers_once_with_her_own_token_and_order_of_markets() -> None:
    async with serving(acknowledge) as (server, target):
        sent = await generator(target, list(intended_times(1000, 0.2))).run()

    assert sent.tally.acknowledged == sent.offered == 200
    assert not sent.interrupted
    assert len(set(sent.tally.entry_ids.values())) == 200
    heads = [head for head, _ in server.requests]
    assert len({head.partition(b"Bearer ")[2] for head in heads}) == 200
    orders = {body[body.index(b"preferences") :] for _, body in server.requests}
    assert len(orders) == 6
    assert all(b"cmp_1" not in body.partition(b"variables")[0] for _, body in server.requests)


async def test_arrivals_do_not_wait_for_answers() -> None:
    """The server answers nobody before the last of them has asked."""

    async def answer(number: int, writer: asyncio.StreamWriter) -> None:
        async with server.arrived:
            await server.arrived.wait_for(lambda: len(server.requests) == 20)
        writer.write(acknowledgement(number))

    async with serving(answer) as (server, target):
        sent = await generator(target, list(intended_times(500, 0.04, "fixed"))).run()

    assert sent.tally.acknowledged == 20
    assert sent.queued == 0


async def test_latency_counts_the_wait_for_a_connection() -> None:
    """One connection and a server that takes its time: the n-th waits for all before her."""
    pause = 0.03

    async def answer(number: int, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(pause)
        writer.write(acknowledgement(number))

    times = [0.0, 0.001, 0.002, 0.003, 0.004]
    async with serving(answer) as (_, target):
        sent = await generator(target, times, most_connections=1).run()

    assert sent.tally.acknowledged == 5
    assert sent.queued == 4
    for number, latency in enumerate(sent.tally.latencies):
        # The event loop's clock counts whole milliseconds.
        assert latency >= (number + 1) * (pause - 0.002) - times[number]


async def test_a_server_that_closes_after_each_answer_gets_a_new_connection_each_time() -> None:
    async def answer(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(acknowledgement(number, b"connection: close\r\n"))
        writer.close()

    async with serving(answer) as (_, target):
        sent = await generator(target, list(intended_times(500, 0.1)), most_connections=2).run()

    assert sent.tally.acknowledged == 50


@pytest.mark.parametrize(
    ("wire", "kind"),
    [
        (b"", "connection lost"),
        (b"HTTP/1.1 200 OK\r\ncontent-le", "connection lost"),
        (b"?" * 99 + b"\r\n\r\n", "malformed answer"),
    ],
)
async def test_a_cut_connection_is_a_failure_and_nothing_is_sent_twice(wire: bytes, kind: str) -> None:
    async def answer(number: int, writer: asyncio.StreamWriter) -> None:
        if number % 2:
            writer.write(acknowledgement(number))
        else:
            writer.write(wire)
            writer.close()

    async with serving(answer) as (server, target):
        sent = await generator(target, list(intended_times(500, 0.08)), most_connections=3).run()

    assert dict(sent.tally.kinds) == {"EntrySubmitted": 20, kind: 20}
    assert len(server.requests) == 40


async def test_nobody_listens() -> None:
    port = free_port()
    sent = await generator(Target("127.0.0.1", port, "nobody", "/"), [0.0, 0.001, 0.002]).run()

    assert dict(sent.tally.kinds) == {"connection refused": 3}


async def test_an_interrupted_run_gives_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two are answered, two are not, and the rest never came due."""

    async def answer(number: int, writer: asyncio.StreamWriter) -> None:
        if number < 2:
            writer.write(acknowledgement(number))
        else:
            await asyncio.Event().wait()

    monkeypatch.setattr("scripts.devtools.load.generator._LAST_MOMENT_SECONDS", 0.05)
    async with serving(answer) as (server, target):
        load = generator(target, [0.0, 0.001, 0.002, 0.003, 60.0, 61.0])
        running = asyncio.create_task(load.run())
        async with server.arrived:
            await server.arrived.wait_for(lambda: len(server.requests) == 4)
        while load.tally.settled < 2:
            await asyncio.sleep(0.001)
        running.cancel()
        sent = await running

    assert sent.interrupted
    assert sent.offered == sent.tally.settled == 4
    assert dict(sent.tally.kinds) == {"EntrySubmitted": 2, "no answer": 2}


async def test_what_is_in_flight_when_a_run_is_interrupted_may_land() -> None:
    interrupted = asyncio.Event()

    async def answer(number: int, writer: asyncio.StreamWriter) -> None:
        await interrupted.wait()
        writer.write(acknowledgement(number))

    async with serving(answer) as (server, target):
        running = asyncio.create_task(generator(target, [0.0, 0.001, 60.0]).run())
        async with server.arrived:
            await server.arrived.wait_for(lambda: len(server.requests) == 2)
        running.cancel()
        interrupted.set()
        sent = await running

    assert sent.interrupted
    assert sent.tally.acknowledged == sent.offered == 2


async def test_nothing_to_send() -> None:
    sent = await generator(Target("127.0.0.1", 1, "nobody", "/"), []).run()

    assert (sent.offered, sent.tally.settled) == (0, 0)
