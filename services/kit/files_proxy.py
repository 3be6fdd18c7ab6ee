"""Streams private files from a backend that runs in another process."""

from collections.abc import AsyncIterator

import httpx
from httpx_aiohttp import AiohttpTransport
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

_PASSED_ON = (
    "content-type",
    "content-length",
    "content-disposition",
    "content-encoding",
    "etag",
    "location",
    "x-request-id",
    "cache-control",
)


def proxy_files(backend_url: str) -> Route:
    """A `GET /{token}` route that passes the backend's `/files/{token}` on, piece by piece."""
    client = httpx.AsyncClient(
        base_url=backend_url,
        transport=AiohttpTransport(),
        timeout=httpx.Timeout(30.0, connect=2.0),
        trust_env=False,
    )

    async def forward(request: Request) -> Response:
        outgoing = client.build_request("GET", f"/files/{request.path_params['token']}")
        try:
            answer = await client.send(outgoing, stream=True)
        except httpx.TransportError:
            return Response("The file cannot be had right now. Try again shortly.", 503, {"retry-after": "2"})
        headers = {name: answer.headers[name] for name in _PASSED_ON if name in answer.headers}

        async def pieces() -> AsyncIterator[bytes]:
            async for piece in answer.aiter_raw():
                yield piece

        return StreamingResponse(
            pieces(), answer.status_code, headers, background=BackgroundTask(answer.aclose)
        )

    return Route("/{token}", forward)
