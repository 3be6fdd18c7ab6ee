"""The one HTTP client: calls a REST backend, in-process or over the network, and raises its problems as exceptions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar, overload
from urllib.parse import quote

import httpx
import msgspec
import stamina
from httpx_aiohttp import AiohttpTransport

from services.kit.errors import Unavailable
from services.kit.telemetry import outgoing_headers, span

T = TypeVar("T")
_LONGEST_ID = 200
_encoder = msgspec.json.Encoder()


class Problem(Exception):
    """A backend's RFC 9457 answer: a stable `code`, a `detail` for people, and `members` with what else it said."""

    def __init__(self, status: int, code: str, detail: str, members: dict[str, Any]) -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.members = members


class Upstream:
    """A backend as its callers see it.

    `transport` mounts a backend in-process (ASGI); without it calls go to `base_url`. Reads and writes
    marked `idempotent` are retried
    once when the connection fails; nothing else is ever sent twice. Raises Problem for an error answer,
    Unavailable when no answer comes.
    """

    def __init__(
        self, base_url: str, *, key: str, timeout: float, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._client = httpx.AsyncClient(
            base_url=base_url,
            transport=transport or AiohttpTransport(limits=httpx.Limits(max_connections=64)),
            timeout=httpx.Timeout(timeout, connect=2.0),
            headers={"x-backend-key": key, "content-type": "application/json"},
            trust_env=False,
        )
        self.calls = 0

    @overload
    async def call(
        self,
        method: str,
        path: str,
        returns: type[T],
        body: Any = None,
        *,
        actor: str | None = None,
        idempotent: bool = False,
        params: dict[str, Any] | None = None,
    ) -> T: ...
    @overload
    async def call(
        self,
        method: str,
        path: str,
        returns: None = None,
        body: Any = None,
        *,
        actor: str | None = None,
        idempotent: bool = False,
        params: dict[str, Any] | None = None,
    ) -> None: ...
    async def call(
        self,
        method: str,
        path: str,
        returns: type[T] | None = None,
        body: Any = None,
        *,
        actor: str | None = None,
        idempotent: bool = False,
        params: dict[str, Any] | None = None,
    ) -> T | None:
        """Sends one request and decodes the answer as `returns`; `actor` is the verified user on whose
        behalf it is sent.
        """
        attempts = 2 if idempotent or method in ("GET", "PUT") else 1
        content = _encoder.encode(body) if body is not None else None
        query = {name: value for name, value in (params or {}).items() if value is not None}
        with span(f"{method} {path.partition('?')[0]}"):
            headers = outgoing_headers()
            if actor:
                headers["x-actor"] = actor
            response = await self._send(method, path, content, headers, query, attempts)
        if response.status_code >= 400:
            raise _problem(response)
        return msgspec.json.decode(response.content, type=returns) if returns is not None else None

    async def _send(
        self,
        method: str,
        path: str,
        content: bytes | None,
        headers: dict[str, str],
        query: dict[str, Any],
        attempts: int,
    ) -> httpx.Response:
        try:
            if attempts == 1:
                self.calls += 1
                return await self._client.request(
                    method, path, content=content, headers=headers, params=query
                )
            async for attempt in stamina.retry_context(
                on=httpx.TransportError, attempts=attempts, wait_initial=0.05, wait_max=0.2
            ):
                with attempt:
                    self.calls += 1
                    return await self._client.request(
                        method, path, content=content, headers=headers, params=query
                    )
        except httpx.TransportError as error:
            raise Unavailable("A service that this needs does not answer. Try again shortly.") from error
        raise AssertionError("retry_context either returns or raises")

    @asynccontextmanager
    async def stream(self, path: str) -> AsyncIterator[httpx.Response]:
        """A GET whose body is read in pieces."""
        async with self._client.stream("GET", path, headers=outgoing_headers()) as response:
            yield response

    async def aclose(self) -> None:
        await self._client.aclose()


def segment(id: str) -> str:
    """An id that somebody else wrote, as one segment of a path. Raises Problem NOT_FOUND for what no id looks like."""
    if not 0 < len(id) <= _LONGEST_ID or id.strip(".") == "":
        raise Problem(404, "NOT_FOUND", "There is nothing under that id.", {})
    return quote(id, safe="")


def _problem(response: httpx.Response) -> Exception:
    try:
        members: dict[str, Any] = msgspec.json.decode(response.content, type=dict[str, Any])
        code, detail = str(members.pop("code")), str(members.pop("detail", ""))
    except (msgspec.DecodeError, KeyError):
        return Unavailable("A service that this needs gave an answer that is not understood.")
    if response.status_code in (503, 504) and code != "RATE_LIMITED":
        return Unavailable(detail)
    return Problem(response.status_code, code, detail, members)
