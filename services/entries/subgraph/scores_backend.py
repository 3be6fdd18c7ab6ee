"""The Entry Service's scores as this subgraph calls them: the only file that knows their HTTP paths."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from services.kit.upstream import Upstream


class Score(msgspec.Struct, frozen=True):
    """A score as the Entry Service answers it; see its OpenAPI document."""

    entry_id: str
    value: float
    reasons: list[str]
    source: str
    computed_at: datetime


class _Scores(msgspec.Struct):
    scores: list[Score]


class ScoresBackend:
    """Calls of one request, on behalf of `actor`. Writes raise the backend's problems."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self._upstream = upstream
        self._actor = actor

    async def scores(self, entry_ids: Sequence[str]) -> list[Score]:
        """Scores of entries; those that have none yet are left out."""
        answer = await self._upstream.call(
            "POST", "/entries/scores", _Scores, {"ids": entry_ids}, actor=self._actor, idempotent=True
        )
        return answer.scores
