"""What being seen costs: two systems side by side register fans in turns, one of them telling a collector about it."""

import asyncio
import os
import statistics
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scripts.devtools import launch
from scripts.devtools import settings as devsettings
from scripts.devtools.bench.layers import Turn, take_turns
from scripts.devtools.bench.requests import FanRequests
from scripts.devtools.bench.routed import Routed
from scripts.devtools.launch import Options
from scripts.devtools.load.session import Session, open_session
from scripts.devtools.settings import LOOPBACK
from scripts.devtools.stack import wipe

SHARE = 0.01
SEEN, UNSEEN = "seen", "unseen"
_ME = "this process"


@dataclass(frozen=True)
class Comparison:
    """CPU ms for a registration, the medians of the rounds; `ratios` are seen to unseen, one a round."""

    seen: float
    unseen: float
    ratios: Sequence[float]
    received: int


async def time_tracing(
    *, rounds: int, seconds: float, concurrency: int, against: Path, tell: Callable[[str], None]
) -> Comparison:
    """Starts both systems, lets them take turns, and ends them. Raises LaunchError, LoadError."""
    with tempfile.TemporaryDirectory(prefix="monoql-tracing-") as folder:
        async with (
            _collector() as (url, received),
            _system(Path(folder) / UNSEEN, {}, against) as unseen,
            _system(
                Path(folder) / SEEN,
                {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "ROUTER_TRACE_SHARE": str(SHARE)},
                devsettings.ROOT,
            ) as seen,
        ):
            sessions: dict[str, Session] = {}
            layers: list[Routed] = []
            for name, data_dir in ((UNSEEN, unseen), (SEEN, seen)):
                session = sessions[name] = await open_session(None, tell, data_dir)
                fans = FanRequests(session.fans, session.campaign, tell)
                layers.append(Routed(session.target, fans, concurrency, name))

            def pids() -> dict[str, int]:
                return {
                    f"{name} {process}": pid
                    for name, session in sessions.items()
                    for process, pid in session.pids(_ME).items()
                    if process != _ME
                }

            # The first round warms up both.
            turns = await take_turns(layers, rounds=rounds + 1, seconds=seconds, pids=pids, tell=tell)
            return _compare(turns[1:], len(received))


def show(console: Console, found: Comparison) -> None:
    """The ratio of each round, and their median."""
    table = Table("CPU ms for a registration", UNSEEN, SEEN, "ratio", "ratios of the rounds")
    ratios = ", ".join(f"{ratio:.3f}" for ratio in found.ratios)
    ratio = statistics.median(found.ratios)
    table.add_row("all processes", f"{found.unseen:.3f}", f"{found.seen:.3f}", f"{ratio:.3f}", ratios)
    console.print(table)
    console.print(f"{SHARE:.0%} of the requests traced; the collector was told {found.received} times.")


def _compare(rounds: Sequence[Sequence[Turn]], received: int) -> Comparison:
    cpu = [
        {
            turn.layer: sum(ms for name, ms in turn.cpu_ms.items() if name.startswith(f"{turn.layer} "))
            for turn in turns
        }
        for turns in rounds
    ]
    return Comparison(
        statistics.median(turn[SEEN] for turn in cpu),
        statistics.median(turn[UNSEEN] for turn in cpu),
        [turn[SEEN] / turn[UNSEEN] for turn in cpu],
        received,
    )


@asynccontextmanager
async def _system(data_dir: Path, settings: dict[str, str], root: Path) -> AsyncIterator[Path]:
    options = Options(data_dir=str(data_dir), free_ports=True, lifeline=os.getpid(), root=str(root))
    await asyncio.to_thread(launch.launch, options, settings=settings)
    try:
        yield data_dir
    finally:
        await asyncio.to_thread(launch.stop, data_dir)
        await asyncio.to_thread(wipe, devsettings.load(free_ports=True, data_dir=data_dir))


@asynccontextmanager
async def _collector() -> AsyncIterator[tuple[str, list[str]]]:
    """Takes whatever it is sent, and keeps where it was sent to."""
    received: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *fields = head.decode("latin-1").split("\r\n")
                named = dict(field.lower().split(": ", 1) for field in fields if ": " in field)
                await reader.readexactly(int(named.get("content-length", 0)))
                received.append(first.split()[1])
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    [port] = devsettings.find_free_ports(1)
    server = await asyncio.start_server(serve, LOOPBACK, port)
    async with server:
        yield f"http://{LOOPBACK}:{port}", received
