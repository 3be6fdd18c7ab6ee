"""Runs one service: `python -m services.serve users` (subgraph, its backend mounted in-process) or `… users --backend`.

The composition root above the services: a subgraph never imports a backend, so the two are put together here.
"""

import argparse
import gc
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from services import SERVICES
from services.kit import otlp
from services.kit.files_proxy import proxy_files
from services.kit.webhooks_proxy import WebhooksProxy


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m services.serve", description=__doc__)
    parser.add_argument("service", choices=SERVICES)
    parser.add_argument("--backend", action="store_true", help="only the REST backend")
    options = parser.parse_args()
    name = options.service
    port_setting = f"{name.upper()}_BACKEND_PORT" if options.backend else f"{name.upper()}_PORT"
    port = int(os.environ.get(port_setting) or _missing(port_setting))
    tier = "backend" if options.backend else "subgraph"
    otlp.set_up(load_settings(name, tier), f"{name}-{tier}" if options.backend else name)
    serve(backend_app(name) if options.backend else subgraph_app(name), port)


def backend_app(name: str) -> Any:
    """The service's backend as an app of its own."""
    return import_module(f"services.{name}.backend.app").create_app(load_settings(name, "backend"))


def subgraph_app(name: str) -> Any:
    """The service's subgraph; with no `<SERVICE>_BACKEND_URL` its backend is mounted in-process at `/backend`."""
    settings = load_settings(name, "subgraph")
    create_subgraph = import_module(f"services.{name}.subgraph.app").create_app
    if settings.backend_url:
        subgraph = create_subgraph(settings)
        files = Mount("/files", routes=[proxy_files(settings.backend_url)])
        return _together(subgraph, [subgraph], [files], WebhooksProxy(settings.backend_url))
    backend = backend_app(name)
    subgraph = create_subgraph(settings, transport=httpx.ASGITransport(backend))
    mounts = [Mount("/backend", backend), Mount("/files", backend.files)]
    return _together(subgraph, [backend, subgraph], mounts, backend)


def serve(app: Any, port: int) -> None:
    """Serves until SIGTERM, then lets requests in flight finish."""
    # What start-up made stays for good: the collector need not look at it, and need not look so often.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    config = uvicorn.Config(
        app,
        host=os.environ.get("BIND_HOST", "127.0.0.1"),
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        log_config=None,
        timeout_graceful_shutdown=10,
        backlog=4096,
    )
    uvicorn.Server(config).run()


def load_settings(name: str, tier: str) -> Any:
    return import_module(f"services.{name}.{tier}.settings").Settings.load()


class _Together:
    """One process's app: `/backend`, `/files` and `/webhooks` go to their own, all else to the subgraph; lifespans
    are entered in order. `/webhooks/…` reaches the backend's routes of that very name and no other.
    """

    def __init__(self, subgraph: Any, members: list[Any], mounts: list[Mount], webhooks: Any) -> None:
        self._subgraph = subgraph
        self._webhooks = webhooks
        self._mounted = Starlette(routes=mounts, lifespan=_lifespans(members))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan" or scope["path"].startswith(("/backend/", "/files/")):
            await self._mounted(scope, receive, send)
        elif scope["path"].startswith("/webhooks/"):
            await self._webhooks(scope, receive, send)
        else:
            await self._subgraph(scope, receive, send)


def _together(subgraph: Any, members: list[Any], mounts: list[Mount], webhooks: Any) -> Any:
    return _Together(subgraph, members, mounts, webhooks)


def _lifespans(members: list[Any]) -> Any:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for member in members:
                await stack.enter_async_context(member.lifespan())
            yield

    return lifespan


def _missing(setting: str) -> int:
    raise SystemExit(f"{setting} is not set: on which port should this listen?")


if __name__ == "__main__":
    main()
