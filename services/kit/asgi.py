"""The shell around every HTTP process: request id, body limit, time-out, shedding, health, and no error
text leaking.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit.errors import DomainError, Unavailable
from services.kit.metrics import registry
from services.kit.telemetry import begin_request, log, request_span

ReadyCheck = Callable[[], Awaitable[None]]
MAX_BODY = 8 * 1024 * 1024
_encode = msgspec.json.Encoder().encode


class BodyTooLarge(DomainError):
    """The request body is larger than this endpoint takes."""

    code = "PAYLOAD_TOO_LARGE"


class App:
    """One ASGI app with a lifespan that can be entered alone (`lifespan()`) or by a server (the lifespan protocol)."""

    def __init__(
        self,
        handler: ASGIApp,
        lifespan: Callable[[], AbstractAsyncContextManager[None]],
        *,
        files: ASGIApp | None = None,
    ) -> None:
        self._handler = handler
        self.lifespan = lifespan
        self.files = files
        self.resources: Any = None  # a backend's, while its lifespan lasts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _run_lifespan(self.lifespan, receive, send)
        else:
            await self._handler(scope, receive, send)


async def _run_lifespan(
    lifespan: Callable[[], AbstractAsyncContextManager[None]], receive: Receive, send: Send
) -> None:
    await receive()
    try:
        async with lifespan():
            await send({"type": "lifespan.startup.complete"})
            await receive()
    except Exception as error:
        await send({"type": "lifespan.startup.failed", "message": str(error)})
        raise
    await send({"type": "lifespan.shutdown.complete"})


class Shell:
    """Wraps an ASGI app.

    Answers `/livez` (never touches a dependency), `/readyz` (runs `ready`) and `/metrics` (what this process counted),
    sheds load past `max_in_flight` with a 503 and Retry-After, ends a request after `timeout` seconds with a 504, and
    turns an exception into a problem that tells nothing but the request id. `/backend/…` of a mounted backend is a
    shell of its own and passes through.
    """

    def __init__(self, app: ASGIApp, *, ready: ReadyCheck, timeout: float, max_in_flight: int) -> None:
        self._app = app
        self._ready = ready
        self._timeout = timeout
        self._max_in_flight = max_in_flight
        self._in_flight = 0
        self.draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if path == "/livez":
            await respond(send, 200, b'{"status":"live"}')
        elif path == "/readyz":
            await self._answer_ready(send)
        elif path == "/metrics":
            await respond(send, 200, registry.text(), b"text/plain; version=0.0.4")
        elif self._in_flight >= self._max_in_flight:
            await respond_problem(
                send, 503, "UNAVAILABLE", "The service is at capacity. Try again in a second.", retry_after=1
            )
        else:
            self._in_flight += 1
            try:
                await self._serve(scope, receive, send)
            finally:
                self._in_flight -= 1

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        rid = begin_request(headers)
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", rid.encode())]
            await send(message)

        try:
            with request_span(f"{scope['method']} {scope['path']}", headers):
                async with asyncio.timeout(self._timeout):
                    await self._app(scope, receive, send_with_id)
        except TimeoutError:
            log.warning("request timed out", path=scope["path"])
            if not started:
                await respond_problem(
                    send_with_id, 504, "TIMEOUT", "The request took too long and was given up."
                )
        except BodyTooLarge as error:
            if not started:
                await respond_problem(send_with_id, 413, error.code, error.message)
        except Exception as error:
            log.error("request failed", path=scope["path"], exc_info=error)
            if not started:
                await respond_problem(
                    send_with_id,
                    500,
                    "INTERNAL_SERVER_ERROR",
                    f"Something went wrong here. Quote request id {rid} to support.",
                )

    async def _answer_ready(self, send: Send) -> None:
        try:
            if self.draining:
                raise Unavailable("shutting down")
            async with asyncio.timeout(3):
                await self._ready()
        except Exception as error:
            log.warning("not ready", reason=type(error).__name__)
            await respond(send, 503, b'{"status":"not ready"}')
        else:
            await respond(send, 200, b'{"status":"ready"}')


async def read_body(receive: Receive, limit: int = MAX_BODY) -> bytes:
    """The whole request body. Raises BodyTooLarge past `limit` bytes."""
    message = await receive()
    if not message.get("more_body"):
        body = message.get("body", b"")
        if len(body) > limit:
            raise BodyTooLarge(f"The request body may have {limit} bytes at most.")
        return body
    parts = [message.get("body", b"")]
    size = len(parts[0])
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise BodyTooLarge(f"The request body may have {limit} bytes at most.")
    return b"".join(parts)


async def respond(
    send: Send,
    status: int,
    body: bytes,
    content_type: bytes = b"application/json",
    headers: Mapping[bytes, bytes] | None = None,
) -> None:
    """Sends one complete response."""
    fields = [
        (b"content-type", content_type),
        (b"content-length", b"%d" % len(body)),
        *(headers or {}).items(),
    ]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


async def respond_problem(
    send: Send, status: int, code: str, detail: str, *, retry_after: int | None = None, **members: Any
) -> None:
    """Sends an RFC 9457 problem with a stable `code`."""
    body = _encode(
        {
            "type": f"urn:monoql:problem:{code.lower()}",
            "title": code,
            "status": status,
            "code": code,
            "detail": detail,
            **members,
        }
    )
    headers = {b"retry-after": b"%d" % retry_after} if retry_after is not None else None
    await respond(send, status, body, b"application/problem+json", headers)
