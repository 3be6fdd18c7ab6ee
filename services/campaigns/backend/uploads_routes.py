"""Uploads over REST, and the routes by which files come in and pictures go out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route

from services.campaigns.backend import uploads_rules
from services.campaigns.backend import uploads_wire as u
from services.kit.errors import DomainError, Invalid, Issue
from services.kit.rest import Api, Call, problem_for

api = Api("Campaign Service: uploads", "1.0.0")

_PATIENCE_SECONDS = 900
_FOR_GOOD = {
    "cache-control": "public, max-age=31536000, immutable",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "cross-origin",
}


@api.post("/uploads", u.NewUpload, u.UploadAnswer, status=201)
async def create_upload(call: Call[u.NewUpload]) -> u.UploadAnswer:
    """Promises a file and makes the link to PUT it to; the same `idempotency_key` answers the same upload."""
    uploads_rules.check_new_upload(call.body)
    return await call.service.uploads.create(call.require_actor(), call.body)


@api.post("/uploads/batch", u.UploadIds, u.Uploads)
async def get_uploads(call: Call[u.UploadIds]) -> u.Uploads:
    """Reads uploads by id; unknown ids are left out."""
    return u.Uploads(await call.service.uploads.uploads(call.body.ids))


async def receive(request: Request) -> Response:
    """Takes the bytes of an upload, once, under its link."""
    service = request.app.state.service
    body = _Body(request)
    try:
        upload_id = service.upload_files.upload_of(request.path_params["token"])
        size = await service.uploads.awaited(upload_id)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            key = await service.upload_files.quarantine(upload_id, body.exactly(size))
        await service.uploads.receive(upload_id, key)
    except DomainError as error:
        await body.drain()
        return problem_for(error)
    except (ClientDisconnect, TimeoutError):
        return problem_for(_unfit("The file did not arrive whole. Send it again."))
    return Response(status_code=204)


async def show_picture(request: Request) -> Response:
    """A checked picture, to everybody, cacheable for good."""
    name = request.path_params["token"]
    etag = f'"{name.rpartition("-")[2].partition(".")[0]}"'
    try:
        size, content_type, pieces = await request.app.state.service.upload_files.picture(name)
    except DomainError as error:
        return problem_for(error)
    headers = {**_FOR_GOOD, "etag": etag}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    headers |= {"content-type": content_type, "content-length": str(size)}
    if request.method == "HEAD":
        return Response(headers=headers)
    return StreamingResponse(pieces, headers=headers)


FILES = Mount("", routes=[Route("/{token}", show_picture), Route("/{token}", receive, methods=["PUT"])])


class _Body:
    """A request's body, read with a bound and to its end: who is refused while still sending would not see why."""

    def __init__(self, request: Request) -> None:
        self._pieces = request.stream()
        self._length = int(request.headers.get("content-length") or -1)

    async def exactly(self, size: int) -> AsyncIterator[bytes]:
        """The pieces of a body of `size` bytes. Raises Invalid for any other."""
        refusal = _unfit(f"Send exactly the {size:,} bytes that were announced.")
        if self._length not in (-1, size):
            raise refusal
        arrived = 0
        async for piece in self._pieces:
            arrived += len(piece)
            if arrived > size:
                raise refusal
            yield piece
        if arrived != size:
            raise refusal

    async def drain(self) -> None:
        """Reads on and throws away, as much as any upload may have."""
        read = 0
        with suppress(ClientDisconnect):
            async for piece in self._pieces:
                read += len(piece)
                if read > uploads_rules.MOST_BYTES:
                    return


def _unfit(message: str) -> Invalid:
    return Invalid([Issue(["body"], "SIZE_MISMATCH", message)], message)
