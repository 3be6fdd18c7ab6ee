"""A third party that tests cannot have: the Ticketmaster Discovery API, on its own port, in the shape of its answers.

Taken from its documentation and from answers that others recorded: `_embedded` is left out when nothing was found,
latitudes are strings, a spent quota answers with the key in its text.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.support.ports import free_port

KEY = "a-key-of-this-test-0123456789"
Answer = Callable[[], Awaitable[Response]]


def fault(status: int, text: str, code: str, **headers: str) -> Answer:
    """A refusal of the gateway before the API; header names are written with underscores."""
    body = {"fault": {"faultstring": text, "detail": {"errorcode": code}}}

    async def answer() -> Response:
        return JSONResponse(body, status, {name.replace("_", "-"): value for name, value in headers.items()})

    return answer


def refused() -> Answer:
    """A key that is none."""
    return fault(401, "Invalid ApiKey", "oauth.v2.InvalidApiKey")


def quota(**headers: str) -> Answer:
    """A quota that is spent."""
    text = f"Rate limit quota violation. Quota limit  exceeded. Identifier : {KEY}"
    limits = {
        "Rate_Limit": "5000",
        "Rate_Limit_Available": "0",
        "Rate_Limit_Over": "1",
        "Rate_Limit_Reset": "1453180594367",
    }
    return fault(429, text, "policies.ratelimit.QuotaViolation", **limits, **headers)


def raw(status: int, body: bytes) -> Answer:
    """What a proxy in between might say."""

    async def answer() -> Response:
        return Response(body, status, media_type="text/html")

    return answer


def moved() -> Answer:
    """A redirect to somewhere else."""

    async def answer() -> Response:
        return Response(status_code=302, headers={"location": "http://127.0.0.1:1/"})

    return answer


async def hang() -> Response:
    """A connection that is taken and never answered."""
    await asyncio.Event().wait()
    raise AssertionError("never comes")


async def drip() -> Response:
    """An answer that comes byte by byte and has no end: each byte in time, the whole never."""

    async def body() -> AsyncIterator[bytes]:
        yield b"{"
        while True:
            await asyncio.sleep(0.05)
            yield b" "

    return StreamingResponse(body(), media_type="application/json")


def attraction(number: int, name: str) -> dict[str, Any]:
    """An attraction as the API writes it."""
    picture = f"https://s1.ticketm.net/dam/a/{number}"
    return {
        "name": name,
        "type": "attraction",
        "id": f"K8vZ917{number:04}",
        "test": False,
        "url": f"https://www.ticketmaster.com/artist/{number}",
        "locale": "en-us",
        "images": [
            {"ratio": "16_9", "url": f"{picture}_2048.jpg", "width": 2048, "height": 1152, "fallback": False},
            {"ratio": "3_2", "url": f"{picture}_305.jpg", "width": 305, "height": 203, "fallback": False},
            {"ratio": "16_9", "url": f"{picture}_640.jpg", "width": 640, "height": 360, "fallback": False},
            {"ratio": "16_9", "url": f"{picture}_generic.jpg", "width": 640, "height": 360, "fallback": True},
        ],
        "classifications": [{"primary": True, "segment": {"id": "KZFzniwnSyZfZ7v7nJ", "name": "Music"}}],
        "upcomingEvents": {"_total": 3},
        "_links": {"self": {"href": f"/discovery/v2/attractions/K8vZ917{number:04}?locale=en-us"}},
    }


def venue(number: int, name: str, **given: Any) -> dict[str, Any]:
    """A venue as the API writes it."""
    return {
        "name": name,
        "type": "venue",
        "id": f"KovZpZA{number:04}",
        "test": False,
        "locale": "en-us",
        "postalCode": "10001",
        "timezone": "America/New_York",
        "city": {"name": "New York"},
        "state": {"name": "New York", "stateCode": "NY"},
        "country": {"name": "United States Of America", "countryCode": "US"},
        "address": {"line1": "7th Ave & 32nd Street"},
        "location": {"longitude": "-73.9916006", "latitude": "40.7497062"},
        "markets": [{"name": "New York/Tri-State Area", "id": "35"}],
        **given,
    }


@dataclass
class FakeTicketmaster:
    """Serves `attractions` and `venues` in pages, whatever the keyword. `answers` are given first, one a request.

    `received` are the queries that came, with their `path`.
    """

    port: int = field(default_factory=free_port)
    attractions: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    venues: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    answers: list[Answer] = field(default_factory=list[Answer])
    received: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        base = "/discovery/v2"
        routes = [Route(f"{base}/{kind}.json", self._page(kind)) for kind in ("attractions", "venues")] + [
            Route(f"{base}/{kind}/{{id}}.json", self._one(kind)) for kind in ("attractions", "venues")
        ]
        config = uvicorn.Config(
            Starlette(routes=routes), port=self.port, log_level="critical", ws="none", lifespan="off"
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

    async def _refusal(self, request: Request) -> Response | None:
        self.received.append(
            {"path": request.url.path.removeprefix("/discovery/v2/"), **request.query_params}
        )
        if request.query_params.get("apikey") != KEY:
            return await refused()()
        return await self.answers.pop(0)() if self.answers else None

    def _page(self, kind: str) -> Any:
        async def endpoint(request: Request) -> Response:
            if refusal := await self._refusal(request):
                return refusal
            size, page = (int(request.query_params[name]) for name in ("size", "page"))
            if size * page >= 1000:
                error = {
                    "code": "DIS1035",
                    "detail": "API Limits Exceeded: Max paging depth exceeded. (page * size) must be less than 1,000",
                    "status": "400",
                }
                return JSONResponse({"errors": [error]}, 400)
            entries: list[Any] = getattr(self, kind)
            found = entries[page * size : (page + 1) * size]
            pages = -(-len(entries) // size)
            body: dict[str, Any] = {
                "_links": {"self": {"href": f"/discovery/v2/{kind}.json"}},
                "page": {"size": size, "totalElements": len(entries), "totalPages": pages, "number": page},
            }
            return JSONResponse(body | ({"_embedded": {kind: found}} if found else {}))

        return endpoint

    def _one(self, kind: str) -> Any:
        async def endpoint(request: Request) -> Response:
            if refusal := await self._refusal(request):
                return refusal
            wanted = request.path_params["id"]
            entry = next((entry for entry in getattr(self, kind) if entry["id"] == wanted), None)
            if entry is None:
                error = {
                    "code": "DIS1004",
                    "detail": f"Resource not found with provided criteria (locale=*, id={wanted})",
                    "status": "404",
                }
                return JSONResponse({"errors": [error]}, 404)
            return JSONResponse(entry)

        return endpoint
