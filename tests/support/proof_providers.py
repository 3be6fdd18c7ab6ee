"""Third parties that tests cannot have: the providers of proofs, over HTTP on a port of their own.

They are the development providers, in the shape of real ones, with answers that tests put in front.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from scripts.devtools import proof_providers, proofs
from scripts.devtools.tokens import Mint, key_id, load_key
from tests.support.ports import free_port

Answer = Callable[[], Awaitable[Response]]
REDIRECT = "http://127.0.0.1:3000/linked"


def answer(status: int, body: Any = None, **headers: str) -> Answer:
    """This status with this JSON (bytes are sent as they are); header names are written with underscores."""

    async def respond() -> Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, bytes):
            return Response(body, status, sent)
        return JSONResponse(body, status, sent)

    return respond


async def hang() -> Response:
    """A connection that is taken and never answered."""
    await asyncio.Event().wait()
    raise AssertionError("never comes")


@dataclass
class Providers:
    """Serves all providers. `answers[path]` are given first, one a request; `asked` counts requests by path."""

    folder: Path
    port: int = field(default_factory=free_port)
    answers: dict[str, list[Answer]] = field(default_factory=dict[str, list[Answer]])
    asked: Counter[str] = field(default_factory=Counter[str])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def issuer(self) -> str:
        return proof_providers.asu_issuer(self.url)

    @property
    def settings(self) -> dict[str, Any]:
        """What the User Service is told."""
        told = {name.lower(): value for name, value in proof_providers.settings(self.url).items()}
        return {**told, "account_redirect_uris": [REDIRECT], "provider_timeout": 2.0}

    def assertion(self, subject: str = "student-1", **claims: Any) -> str:
        """An assertion about a person."""
        issuer = claims.pop("issuer", self.issuer)
        return proofs.assertion(self._mint, subject, issuer, **claims)

    def __enter__(self) -> Self:
        key = load_key(self.folder / "key.pem")
        self._mint = Mint(self.url, "monoql", key, key_id(key))
        app = Starlette()
        app.mount(proof_providers.PATH, proof_providers.create_app(self._mint))
        self._inner = app
        config = uvicorn.Config(
            self._serve, port=self.port, interface="asgi3", log_level="critical", ws="none", lifespan="off"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve()), daemon=True)
        self._thread.start()
        while not self._server.started:
            self._thread.join(timeout=0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(timeout=10)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"].removeprefix(proof_providers.PATH)
        self.asked[path] += 1
        if self.answers.get(path):
            await Request(scope, receive).body()
            response = await self.answers[path].pop(0)()
            await response(scope, receive, send)
        else:
            await self._inner(scope, receive, send)
