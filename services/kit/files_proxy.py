"""Streams files from and to a backend that runs in another process."""

from collections.abc import AsyncIterator

import httpx
from httpx_aiohttp import AiohttpTransport
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

_SENT = ("content-length", "if-none-match", "range", "x-request-id")
_RETURNED = (
    "content-type",
    "content-length",
    "content-disposition",
    "content-range",
    "accept-ranges",
    "content-encoding",
    "content-security-policy",
    "cross-origin-resource-policy",
    "x-content-type-options",
    "etag",
    "location",
    "x-request-id",
    "cache-control",
)


def proxy_files(backend_url: str) -> Route:
    """A `/{token}` route that passes the backend's `/files/{token}` on, piece by piece: to read, or to be PUT."""
    client = httpx.AsyncClient(
        base_url=backend_url,
        transport=AiohttpTransport(),
        timeout=httpx.Timeout(30.0, connect=2.0),
        trust_env=False,
    )

    async def forward(request: Request) -> Response:
        outgoing = client.build_request(
            request.method,
            f"/files/{request.path_params['token']}",
            headers={name: request.headers[name] for name in _SENT if name in request.headers},
            content=request.stream() if request.method == "PUT" else None,
        )
        try:
            answer = await client.send(outgoing, stream=True)
        except httpx.TransportError:
            return Response(
                "Files cannot be reached right now. Try again shortly.", 503, {"retry-after": "2"}
            )
        headers = {name: answer.headers[name] for name in _RETURNED if name in answer.headers}

        async def pieces() -> AsyncIterator[bytes]:
            async for piece in answer.aiter_raw():
                yield piece

        return StreamingResponse(
            pieces(), answer.status_code, headers, background=BackgroundTask(answer.aclose)
        )

    return Route("/{token}", forward, methods=["GET", "PUT"])
