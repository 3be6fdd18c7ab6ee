"""The Campaign Service's uploads as this subgraph calls them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from services.kit.upstream import Upstream


class Upload(Struct):
    """An upload as the Campaign Service answers it; see its OpenAPI document."""

    id: str
    purpose: str
    state: str
    team_id: str
    campaign_id: str | None
    owner_id: str
    filename: str
    byte_size: int
    content_type: str | None
    upload_url: str | None
    url: str | None
    failure_code: str | None
    failure: str | None
    created_at: datetime
    link_expires_at: datetime
    expires_at: datetime | None


class UploadAnswer(Struct):
    """The upload after a call; `replayed` when an earlier call had made it."""

    upload: Upload
    replayed: bool = False


class _Uploads(Struct):
    uploads: list[Upload]


class UploadsBackend:
    """Calls of one request, on behalf of `actor`. Refusals are raised as Problem."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self._upstream = upstream
        self._actor = actor

    async def create(self, body: dict[str, Any]) -> UploadAnswer:
        """A promised upload, with its link."""
        return await self._upstream.call("POST", "/uploads", UploadAnswer, body, actor=self._actor)

    async def uploads(self, ids: Sequence[str]) -> list[Upload]:
        """Uploads by id; unknown ids are left out."""
        found = await self._upstream.call("POST", "/uploads/batch", _Uploads, {"ids": ids}, idempotent=True)
        return found.uploads
