"""Passes signed webhooks on to a backend that runs in another process, byte for byte: it checks the signature."""

import httpx
from httpx_aiohttp import AiohttpTransport
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.kit.asgi import BodyTooLarge, read_body, respond_problem
from services.kit.telemetry import begin_request, outgoing_headers

MAX_BODY = 1024 * 1024
_SENT = ("content-type", "x-client-ip")
_SIGNING = "monoql-"
_RETURNED = ("content-type", "retry-after", "x-request-id")


class WebhooksProxy:
    """`/webhooks/…` of this process is that of the backend at `backend_url`."""

    def __init__(self, backend_url: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=backend_url,
            transport=AiohttpTransport(),
            timeout=httpx.Timeout(8.0, connect=2.0),
            trust_env=False,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        begin_request(dict(scope["headers"]))
        try:
            body = await read_body(receive, MAX_BODY)
        except BodyTooLarge as error:
            await respond_problem(send, 413, error.code, error.message)
            return
        headers = {
            name: text for name, text in request.headers.items() if name in _SENT or name.startswith(_SIGNING)
        }
        try:
            answer = await self._client.request(
                request.method, scope["path"], content=body, headers={**headers, **outgoing_headers()}
            )
        except httpx.TransportError:
            await respond_problem(
                send,
                503,
                "UNAVAILABLE",
                "This cannot be taken right now. Send it again shortly.",
                retry_after=2,
            )
            return
        returned = {name: answer.headers[name] for name in _RETURNED if name in answer.headers}
        await Response(answer.content, answer.status_code, returned)(scope, receive, send)
