"""The Entry Service's imports of scores as this subgraph calls them: the only file that knows their HTTP paths."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from services.kit.upstream import Upstream


class ScoreImport(msgspec.Struct, frozen=True):
    """An import as the Entry Service answers it; see its OpenAPI document."""

    id: str
    campaign_id: str
    team_id: str
    state: str
    progress: float
    accepted: int
    duplicates: int
    malformed: int
    failure: str | None
    created_at: datetime
    finished_at: datetime | None


class ScoreImportAnswer(msgspec.Struct, frozen=True):
    """An import after a call; `replayed` when an earlier call had started it."""

    score_import: ScoreImport
    replayed: bool


class LineError(msgspec.Struct, frozen=True):
    """A line that was not taken."""

    import_id: str
    line: int
    code: str
    message: str


class _Imports(msgspec.Struct):
    imports: list[ScoreImport]


class _Errors(msgspec.Struct):
    errors: list[LineError]


class ScoreImportsBackend:
    """Calls of one request, on behalf of `actor`. Writes raise the backend's problems."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self._upstream = upstream
        self._actor = actor

    async def start(self, campaign_id: str, upload_id: str, idempotency_key: str | None) -> ScoreImportAnswer:
        """Has an upload of scores read."""
        body = {"campaign_id": campaign_id, "upload_id": upload_id, "idempotency_key": idempotency_key}
        return await self._upstream.call("POST", "/score-imports", ScoreImportAnswer, body, actor=self._actor)

    async def imports(self, ids: Sequence[str]) -> list[ScoreImport]:
        """Imports by id; unknown ids are left out."""
        return (await self._read("/score-imports/batch", _Imports, {"ids": ids})).imports

    async def imports_of_campaigns(self, campaign_ids: Sequence[str]) -> list[ScoreImport]:
        """The last imports of these campaigns, newest first."""
        return (await self._read("/score-imports/of-campaigns", _Imports, {"ids": campaign_ids})).imports

    async def errors(self, ids: Sequence[str], first: int) -> list[LineError]:
        """The first errors of each import, by line."""
        return (await self._read("/score-imports/errors", _Errors, {"ids": ids, "first": first})).errors

    async def _read(self, path: str, returns: Any, body: Any) -> Any:
        return await self._upstream.call("POST", path, returns, body, actor=self._actor, idempotent=True)
