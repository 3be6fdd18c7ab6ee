"""The one HTTP client: calls a REST backend, in-process or over the network, and raises its problems as exceptions."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any, TypeVar, overload
from urllib.parse import quote

import httpx
import msgspec
from httpx_aiohttp import AiohttpTransport

from services.kit.errors import Unavailable
from services.kit.telemetry import log, outgoing_headers, span

T = TypeVar("T")
_LONGEST_ID = 200
_RETRY_AFTER_SECONDS = (0.05, 0.2)
_NO_ANSWER = "A service that this needs does not answer. Try again shortly."
NOT_UNDERSTOOD = "A service that this needs gave an answer that is not understood."
# What bytes that are not what they should be raise: no JSON, other JSON, no UTF-8, too deep.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
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
        self._base_url = base_url.rstrip("/")
        self._transport = transport or AiohttpTransport(limits=httpx.Limits(max_connections=64))
        self._headers = {"x-backend-key": key, "content-type": "application/json"}
        self._extensions = {"timeout": httpx.Timeout(timeout, connect=2.0).as_dict()}
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
        if not response.is_success:
            raise _problem(response)
        if returns is None:
            return None
        try:
            return msgspec.json.decode(response.content, type=returns)
        except _UNREADABLE as error:
            # Not the error's own words: they repeat a value that does not fit, which may be anybody's.
            log.error("answer not understood", path=path, reason=type(error).__name__)
            raise Unavailable(NOT_UNDERSTOOD) from error

    async def _send(
        self,
        method: str,
        path: str,
        content: bytes | None,
        headers: dict[str, str],
        query: dict[str, Any],
        attempts: int,
    ) -> httpx.Response:
        for left in reversed(range(attempts)):
            try:
                return await self._exchange(method, path, content, headers, query)
            except httpx.RequestError as error:
                if not left:
                    raise Unavailable(_NO_ANSWER) from error
                await asyncio.sleep(random.uniform(*_RETRY_AFTER_SECONDS))
        raise AssertionError("a request is sent at least once")

    async def _exchange(
        self,
        method: str,
        path: str,
        content: bytes | None,
        headers: dict[str, str],
        query: dict[str, Any],
    ) -> httpx.Response:
        """One request by the transport itself: httpx's client would merge URLs, cookies, auth and redirects, of which
        there are none here, at twice the price of all the rest.
        """
        self.calls += 1
        request = httpx.Request(
            method,
            self._base_url + path,
            params=query or None,
            headers={**self._headers, **headers},
            content=content,
            extensions=self._extensions,
        )
        response = await self._transport.handle_async_request(request)
        await response.aread()
        return response

    async def aclose(self) -> None:
        await self._transport.aclose()


def one_for_each(asked: Sequence[Any], answered: list[T]) -> list[T]:
    """The answers to questions by their places. Raises Unavailable when there is not one for each: whose is whose?"""
    if len(asked) != len(answered):
        raise Unavailable(NOT_UNDERSTOOD)
    return answered


def segment(id: str) -> str:
    """An id that somebody else wrote, as one segment of a path. Raises Problem NOT_FOUND for what no id looks like."""
    if not 0 < len(id) <= _LONGEST_ID or id.strip(".") == "" or "\0" in id:
        raise Problem(404, "NOT_FOUND", "There is nothing under that id.", {})
    return quote(id, safe="")


def _problem(response: httpx.Response) -> Exception:
    try:
        members: dict[str, Any] = msgspec.json.decode(response.content, type=dict[str, Any])
        code, detail = str(members.pop("code")), str(members.pop("detail", ""))
    except (*_UNREADABLE, KeyError):
        return Unavailable(NOT_UNDERSTOOD)
    status = response.status_code
    if code == "UNAVAILABLE" and status == 503:
        return Unavailable(detail)
    if status in (502, 503, 504):
        return Unavailable(_NO_ANSWER)
    if status in (400, 401, 405):  # keys or versions do not fit: nothing that whoever asks could mend
        log.error("backend refuses us", code=code)
        return Unavailable(_NO_ANSWER)
    return Problem(status, "INTERNAL_SERVER_ERROR" if status >= 500 else code, detail, members)
