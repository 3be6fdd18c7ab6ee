"""Codes in numbers: a file into a pool, codes to the winners of a wave, and reports of what was sold."""

import asyncio
import hashlib
import hmac
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scripts.devtools.bench.layers import BenchError
from scripts.devtools.bench.scratch import Effort, measured, scratch
from scripts.devtools.settings import Settings
from services.codes.backend import distributions_jobs, imports_jobs, wire
from services.codes.backend.app import Service, create_app
from services.codes.backend.settings import Settings as CodesSettings

CAMPAIGN, EVENT, POOL, WAVE = "cmp_bench", "evt_bench", "pool_bench", "wav_bench"
FILE = "codes.csv"
PLATFORM, SECRET = "bench", "the-secret-of-the-bench"
IN_FLIGHT = 64
_KEY = "QUJD" * 10 + "QUI"

_CAMPAIGN = "INSERT INTO campaign (id, team_id, version) VALUES ($1, 'tea_bench', 1)"
_EVENT = (
    "INSERT INTO campaign_event (id, campaign_id, code_mode, ticket_limit) VALUES ($1, $2, 'SINGLE_USE', 4)"
)
_POOL = "INSERT INTO code_pool (id, event_id, campaign_id) VALUES ($1, $2, $3)"
_IMPORT = """
INSERT INTO code_import (id, pool_id, lines, file, byte_size, created_by) VALUES ($1, $2, 0, $3, $4, 'usr_bench')
"""


@dataclass(frozen=True)
class Timing:
    """Something done to so many things, and what it took."""

    what: str
    effort: Effort


Measure = Callable[[str, Settings, int], Awaitable[list[Timing]]]


async def time_imports(admin_dsn: str, settings: Settings, codes: int) -> list[Timing]:
    """A file of this many new codes, and the same file again."""
    async with _bench(admin_dsn, settings, codes) as bench:
        return [
            Timing("import", await bench.read_file("imp_1")),
            Timing("the same file again", await bench.read_file("imp_2")),
        ]


async def time_assignment(admin_dsn: str, settings: Settings, winners: int) -> list[Timing]:
    """A wave of this many winners, from a pool of just as many codes."""
    async with _bench(admin_dsn, settings, winners) as bench:
        await bench.read_file("imp_1")
        return await bench.assign()


async def time_webhooks(admin_dsn: str, settings: Settings, reports: int) -> list[Timing]:
    """This many signed reports, one sale a request, on codes that were assigned before."""
    async with _bench(admin_dsn, settings, reports) as bench:
        await bench.read_file("imp_1")
        await bench.assign()
        return [Timing(f"reports, {IN_FLIGHT} in flight", await bench.report())]


def show(console: Console, timings: list[Timing], count: int, noun: str) -> None:
    """The timings as a table."""
    table = Table(f"of {count:,} {noun}", "seconds", "our CPU s", "server's CPU s", "a second")
    for one in timings:
        effort = one.effort
        numbers = (effort.seconds, effort.ours, effort.server)
        table.add_row(one.what, *(f"{number:.2f}" for number in numbers), f"{count / effort.seconds:,.0f}")
    console.print(table)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(f"This process took {peak:.0f} MB of memory at most.")


@dataclass
class _Bench:
    """The Code Service on a database of its own, with one event, its empty pool, and a file of `count` codes."""

    service: Service
    backend: Any
    folder: Path
    count: int

    async def read_file(self, import_id: str) -> Effort:
        pool = self.service.database.pool
        await pool.execute(_IMPORT, import_id, POOL, FILE, (self.folder / FILE).stat().st_size)
        async with measured(self.service.database) as effort:
            await imports_jobs.read(self.service.imports, self.service.files, import_id)
        return effort

    async def assign(self) -> list[Timing]:
        service, entries = self.service, self.service.peer("entries")
        wave = await distributions_jobs.read_wave(entries, WAVE)
        async with measured(service.database) as reserved:
            started = await service.distributions.start("usr_bench", wire.NewDistribution(WAVE), wave)
        async with measured(service.database) as paired:
            await distributions_jobs.distribute(
                service.distributions, service.deliveries, entries, started.distribution.id
            )
        return [Timing("reserve", reserved), Timing("hand out", paired)]

    async def report(self) -> Effort:
        waiting = iter(range(self.count))
        transport = httpx.ASGITransport(self.backend)
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://codes") as client,
            measured(self.service.database) as effort,
        ):
            await asyncio.gather(*(_report(client, waiting) for _ in range(IN_FLIGHT)))
        return effort


@asynccontextmanager
async def _bench(admin_dsn: str, settings: Settings, count: int) -> AsyncIterator[_Bench]:
    with scratch(admin_dsn, settings, "codes") as made, tempfile.TemporaryDirectory() as folder:
        with (Path(folder) / FILE).open("w") as file:
            file.writelines(f"{_code(n)}\n" for n in range(count))
        owner = await asyncpg.connect(made.owner_dsn)
        try:
            await owner.execute(_CAMPAIGN, CAMPAIGN)
            await owner.execute(_EVENT, EVENT, CAMPAIGN)
            await owner.execute(_POOL, POOL, EVENT, CAMPAIGN)
        finally:
            await owner.close()
        backend = create_app(
            CodesSettings.load(
                database_url=made.service_dsn,
                backend_keys=["bench"],
                data_keys=[SecretStr(f"bench:{_KEY}")],
                lookup_key=SecretStr(_KEY),
                files_url=folder,
                platform_secrets=[SecretStr(f"{PLATFORM}:{SECRET}")],
            ),
            transports={"entries": _entries(count)},
        )
        async with backend.lifespan():
            yield _Bench(backend.resources, backend, Path(folder), count)


def _code(number: int) -> str:
    return f"BENCH-{number:08}-{number * 7919 % 99991:05}"


def _entries(winners: int) -> httpx.ASGITransport:
    """The Entry Service as codes asks it, of a wave with so many winners."""

    async def wave(_request: Request) -> Response:
        selected = [{"event_id": EVENT, "count": winners}]
        known = {
            "id": WAVE,
            "campaign_id": CAMPAIGN,
            "state": "FINALIZED",
            "name": "Bench",
            "selected": selected,
        }
        return Response(msgspec.json.encode(known), media_type="application/json")

    async def selections(request: Request) -> Response:
        asked = request.query_params
        start = int(asked["after"].removeprefix("sel_")) + 1 if asked.get("after") else 0
        end = min(start + int(asked["limit"]), winners)
        items = [_selection(number) for number in range(start, end)]
        page = {"items": items, "has_next": end < winners}
        return Response(msgspec.json.encode(page), media_type="application/json")

    routes = [Route(f"/waves/{WAVE}", wave), Route(f"/waves/{WAVE}/selections", selections)]
    return httpx.ASGITransport(Starlette(routes=routes))


def _selection(number: int) -> dict[str, str]:
    ids = {f"{kind}_id": f"{kind[:3]}_{number:026}" for kind in ("entry", "user")}
    about = {"campaign_id": CAMPAIGN, "event_id": EVENT, "market_id": "mkt_bench", "wave_id": WAVE}
    return {"id": f"sel_{number:026}", **ids, **about}


async def _report(client: httpx.AsyncClient, waiting: Iterator[int]) -> None:
    for number in waiting:
        report = {"externalId": f"order-{number}", "code": _code(number), "quantity": 1}
        body = msgspec.json.encode({"redemptions": [report]})
        moment = str(int(time.time()))
        mac = hmac.digest(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hex()
        headers = {
            "monoql-platform": PLATFORM,
            "monoql-timestamp": moment,
            "monoql-signature": f"v1={mac}",
            "content-type": "application/json",
        }
        answer = await client.post("/webhooks/redemptions", content=body, headers=headers)
        if answer.status_code != 200 or answer.json()["results"][0]["outcome"] != "ACCEPTED":
            raise BenchError(f"A report was answered {answer.status_code}: {answer.text[:200]}")
