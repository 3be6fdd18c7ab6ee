"""What every REST backend is put together from: database, outbox, keys, files, peers, and the app around its routes."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from obstore.store import ObjectStore
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from services import SERVICES
from services.kit.asgi import App, Shell, respond_problem
from services.kit.errors import Unavailable
from services.kit.files import FileTokens, open_files
from services.kit.outbox import Outbox, Route
from services.kit.pg import Database, open_database
from services.kit.proof import BackendKey
from services.kit.rest import Api
from services.kit.sealing import LookupKey, Sealer
from services.kit.settings import BackendSettings
from services.kit.telemetry import begin_request
from services.kit.upstream import Upstream

Transports = Mapping[str, httpx.AsyncBaseTransport]


@dataclass(kw_only=True)
class Resources:
    """What a backend works with. A service's own `Service` subclasses this and adds its store."""

    settings: Any
    database: Database
    sealer: Sealer
    lookup: LookupKey
    outbox: Outbox
    peers: dict[str, Upstream]
    files: ObjectStore
    tokens: FileTokens

    def peer(self, name: str) -> Upstream:
        """Another service's backend. Raises Unavailable when its URL is not configured."""
        if name not in self.peers:
            raise Unavailable("A service that this needs is not configured.")
        return self.peers[name]


S = TypeVar("S", bound=Resources)


@asynccontextmanager
async def open_resources(
    kind: type[S],
    settings: BackendSettings,
    *,
    name: str,
    database_url: str,
    routes: Sequence[Route],
    transports: Transports | None = None,
) -> AsyncIterator[S]:
    """A service's resources for the time of the context.

    `routes` says where its outbox messages go; `transports` puts a peer in-process (tests).
    """
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            open_database(
                database_url,
                size=settings.db_pool_size,
                statement_timeout_ms=settings.statement_timeout_ms,
                name=f"monoql-{name}",
                plan_cache_mode=settings.plan_cache_mode,
            )
        )
        peers = _open_peers(settings, transports or {})
        for peer in peers.values():
            stack.push_async_callback(peer.aclose)
        sealer, lookup = Sealer(settings.data_keys), LookupKey(settings.lookup_key)
        yield kind(
            settings=settings,
            database=database,
            sealer=sealer,
            lookup=lookup,
            outbox=Outbox(database, sealer, routes, peers),
            peers=peers,
            files=open_files(settings.files_url),
            tokens=FileTokens(sealer),
        )


def create_backend(
    api: Api,
    settings: BackendSettings,
    open_service: Callable[[], AbstractAsyncContextManager[Any]],
    *,
    files: BaseRoute | None = None,
) -> App:
    """The ASGI app of a backend. `files` is its route for private files (`/{token}`), which guards itself."""
    inner = api.app(None, BackendKey(settings.backend_keys))
    served = _FilesApp(files, inner)

    async def ready() -> None:
        await inner.state.service.database.check()

    shell = Shell(inner, ready=ready, timeout=settings.request_timeout, max_in_flight=settings.max_in_flight)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        async with open_service() as service:
            inner.state.service = app.resources = service
            yield
            shell.draining = True

    app = App(_Split(shell, served), lifespan, files=served)
    return app


class _FilesApp:
    """Serves `GET /files/{token}` by the service's own route, outside the shell: a download takes its time."""

    def __init__(self, route: BaseRoute | None, inner: Any) -> None:
        self._route = route
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begin_request(dict(scope["headers"]))
        match, child = self._route.matches(scope) if self._route else (Match.NONE, {})
        if self._route is None or match is not Match.FULL:
            await respond_problem(send, 404, "NOT_FOUND", "There is nothing here.")
            return
        await self._route.handle({**scope, **child, "app": self._inner}, receive, send)


class _Split:
    """`/files/…` of a backend that runs alone goes to its files route, all else to its API."""

    def __init__(self, api: ASGIApp, files: ASGIApp) -> None:
        self._api = api
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/files/"):
            await self._files({**scope, "root_path": scope.get("root_path", "") + "/files"}, receive, send)
        else:
            await self._api(scope, receive, send)


def _open_peers(settings: BackendSettings, transports: Transports) -> dict[str, Upstream]:
    key = BackendKey(settings.backend_keys).value
    urls = {name: getattr(settings, f"{name}_backend_url") for name in SERVICES}
    return {
        name: Upstream(url or f"http://{name}", key=key, timeout=10.0, transport=transports.get(name))
        for name, url in urls.items()
        if url or name in transports
    }
