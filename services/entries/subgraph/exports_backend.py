"""The Entry Service's exports as this subgraph calls them: the only file that knows their HTTP paths."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from services.kit.upstream import Upstream


class Export(msgspec.Struct, frozen=True):
    """An export as the Entry Service answers it; see its OpenAPI document."""

    id: str
    campaign_id: str
    team_id: str
    kind: str
    format: str
    compression: str
    purpose: str
    personal_data: bool
    state: str
    progress: float
    row_count: int | None
    byte_size: int | None
    sha256: str | None
    download_url: str | None
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None
    failure: str | None


class ExportAnswer(msgspec.Struct, frozen=True):
    """An export after a call; `replayed` when an earlier call had done it."""

    export: Export
    replayed: bool = False


class NewExport(msgspec.Struct, frozen=True):
    """A file to be written."""

    campaign_id: str
    kind: str
    format: str
    compression: str | None
    purpose: str
    personal_data: bool
    states: list[str] | None
    idempotency_key: str | None


class _Exports(msgspec.Struct):
    exports: list[Export]


class ExportsBackend:
    """Calls of one request, on behalf of `actor`. Writes raise the backend's problems."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self._upstream = upstream
        self._actor = actor

    async def start(self, new: NewExport) -> ExportAnswer:
        """Queues an export."""
        return await self._upstream.call("POST", "/exports", ExportAnswer, new, actor=self._actor)

    async def cancel(self, export_id: str) -> ExportAnswer:
        """Stops an export."""
        body = {"export_id": export_id}
        return await self._upstream.call("POST", "/exports/cancel", ExportAnswer, body, actor=self._actor)

    async def exports(self, ids: Sequence[str]) -> list[Export]:
        """Exports by id; unknown ids are left out."""
        return await self._read("/exports/batch", ids)

    async def exports_of_campaigns(self, campaign_ids: Sequence[str]) -> list[Export]:
        """The last exports of these campaigns, newest first."""
        return await self._read("/exports/of-campaigns", campaign_ids)

    async def _read(self, path: str, ids: Sequence[str]) -> list[Any]:
        answer = await self._upstream.call(
            "POST", path, _Exports, {"ids": ids}, actor=self._actor, idempotent=True
        )
        return answer.exports
