"""A small HTTP server in a subgraph's place: it keeps what it received and answers as told."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.ports import free_port


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived: header names in lower case, the body's exact bytes."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> str:
        return json.loads(self.body)["query"]

    @property
    def variables(self) -> dict[str, Any]:
        return json.loads(self.body).get("variables") or {}


Answer = Callable[[Received], Awaitable[Response]]


@dataclass
class SubgraphStub:
    """Serves `/graphql`, `/files/{token}`, `/webhooks/{name}`, `/v1/{signal}` (as a collector would) and `/livez` in a
    thread of its own.
    """

    graphql: Answer
    files: Answer | None = None
    webhooks: Answer | None = None
    port: int = field(default_factory=free_port)
    received: list[Received] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    @property
    def last(self) -> Received:
        return self.received[-1]

    def __enter__(self) -> Self:
        routes = [
            Route("/graphql", self._serve(self.graphql), methods=["POST"]),
            Route("/livez", _live),
            Route("/v1/{signal}", self._serve(_collect), methods=["POST"]),
            *(
                [Route("/webhooks/{name}", self._serve(self.webhooks), methods=["POST"])]
                if self.webhooks
                else []
            ),
            *(
                [Route("/files/{token:path}", self._serve(self.files), methods=["GET", "PUT"])]
                if self.files
                else []
            ),
        ]
        config = uvicorn.Config(
            Starlette(routes=routes), port=self.port, log_level="critical", ws="none", lifespan="off"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve()), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(timeout=10)

    def _serve(self, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            received = Received(request.url.path, dict(request.headers), await request.body())
            self.received.append(received)
            return await answer(received)

        return endpoint


def data(payload: dict[str, Any]) -> Response:
    """A GraphQL answer without errors."""
    return JSONResponse({"data": payload})


def errors(
    *given: dict[str, Any], status: int = 200, payload: Any = None, headers: dict[str, str] | None = None
) -> Response:
    """A GraphQL answer with errors, and `payload` as its data."""
    return JSONResponse({"data": payload, "errors": list(given)}, status, headers)


async def _live(_: Request) -> Response:
    return Response()


async def _collect(_: Received) -> Response:
    return JSONResponse({})
