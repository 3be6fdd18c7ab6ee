"""All four services under test at once, each on real PostgreSQL, in one process: what one tells another arrives."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import httpx

from scripts.devtools.databases import ServiceDatabase
from services import SERVICES
from services.kit.jobs import Jobs
from tests.support.service import ServiceUnderTest, open_service


@dataclass(frozen=True)
class House:
    """The four services, and the databases that they are on."""

    users: ServiceUnderTest
    campaigns: ServiceUnderTest
    entries: ServiceUnderTest
    codes: ServiceUnderTest
    databases: Mapping[str, ServiceDatabase]
    lanes: Mapping[str, "Lane"]
    """The ways to each backend that its peers and other subgraphs take, with what went over them."""

    def service(self, name: str) -> ServiceUnderTest:
        return getattr(self, name)

    async def work(self, name: str) -> None:
        """Runs a service's jobs until there is none left."""
        jobs = Jobs(self.databases[name].service_dsn, name)
        import_module(f"services.{name}.backend.jobs").register(jobs, self.service(name).resources)
        async with jobs.app.open_async():
            await jobs.app.run_worker_async(
                queues=[name], wait=False, install_signal_handlers=False, delete_jobs="successful"
            )


class Lane(httpx.AsyncBaseTransport):
    """The way to a backend that may be opened later than those who call it. `requests` are those that took it."""

    def __init__(self) -> None:
        self.app: Any = None
        self.requests: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(f"{request.method} {request.url.path}")
        return await httpx.ASGITransport(self.app).handle_async_request(request)


@asynccontextmanager
async def open_house(
    make: Callable[[str], ServiceDatabase],
    *,
    settings: Mapping[str, dict[str, Any]] | None = None,
) -> AsyncIterator[House]:
    """The house for the time of the context. `make(service)` makes a migrated database; `settings` overrides settings
    by service.
    """
    ways = {name: Lane() for name in SERVICES}
    databases = {name: make(name) for name in SERVICES}
    opened: dict[str, ServiceUnderTest] = {}
    async with AsyncExitStack() as stack:
        for name in SERVICES:
            peers = {other: way for other, way in ways.items() if other != name}
            opened[name] = await stack.enter_async_context(
                open_service(
                    name, databases[name].service_dsn, transports=peers, **(settings or {}).get(name, {})
                )
            )
            ways[name].app = opened[name].backend
        yield House(**opened, databases=databases, lanes=ways)
