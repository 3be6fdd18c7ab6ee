"""A partner that is told of events, on a real port: it keeps what it received and answers as told."""

import asyncio
import ssl
import threading
from dataclasses import dataclass, field
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.codes.backend import signatures_rules as signatures
from tests.support.ports import free_port


@dataclass(frozen=True)
class Received:
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return msgspec.json.decode(self.body)

    def is_signed_with(self, secret: str) -> bool:
        stamp, signature = self.headers["monoql-timestamp"], self.headers["monoql-signature"]
        return signatures.is_signed([secret], stamp, signature, self.body, now=int(stamp))


@dataclass
class Partner:
    """Listens on loopback while the context lasts; `tls` as a pair of certificate and key files."""

    tls: tuple[str, str] | None = None
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    hangs: bool = False
    port: int = field(default_factory=free_port)
    received: list[Received] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/hooks?a=1"

    async def __aenter__(self) -> "Partner":
        certificate, key = self.tls or (None, None)
        app = Starlette(routes=[Route("/{rest:path}", self._take, methods=["GET", "POST"])])
        config = uvicorn.Config(
            app,
            port=self.port,
            log_level="critical",
            ws="none",
            lifespan="off",
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve()), daemon=True)
        self._thread.start()
        while not self._server.started:
            await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        await asyncio.to_thread(self._thread.join, 10)

    async def _take(self, request: Request) -> Response:
        self.received.append(Received(dict(request.headers), await request.body()))
        if self.hangs:
            await asyncio.sleep(60)
        return Response(self.body, self.status, self.headers)


def trusting(certificate: str) -> ssl.SSLContext:
    """A TLS context that trusts this certificate alone."""
    return ssl.create_default_context(cafile=certificate)
