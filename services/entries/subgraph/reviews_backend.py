"""The Entry Service's reviews as this subgraph calls them: the only file that knows their HTTP paths."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from services.entries.subgraph.backend import Entry
from services.kit.upstream import Upstream


class Review(msgspec.Struct, frozen=True):
    """A decision as the Entry Service answers it; see its OpenAPI document."""

    id: str
    entry_id: str
    decision: str
    reviewer: str | None
    note: str | None
    decided_at: datetime
    appeal: str | None
    appealed_at: datetime | None
    open_to_appeal: bool


class AppealAnswer(msgspec.Struct, frozen=True):
    """The entry after an appeal; `replayed` when an earlier call had made it."""

    entry: Entry
    replayed: bool


class _Reviews(msgspec.Struct):
    reviews: list[Review]


class _Thresholds(msgspec.Struct):
    below: dict[str, float]


class ReviewsBackend:
    """Calls of one request, on behalf of `actor`. Writes raise the backend's problems."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self._upstream = upstream
        self._actor = actor

    async def decide(
        self, entry_id: str, decision: str, note: str | None, expected_version: int | None
    ) -> Entry:
        """Lets the actor's decision take effect."""
        body = {"id": entry_id, "decision": decision, "note": note, "expected_version": expected_version}
        return await self._upstream.call("POST", "/entries/review", Entry, body, actor=self._actor)

    async def appeal(self, entry_id: str, note: str, idempotency_key: str | None) -> AppealAnswer:
        """Says something to the last decision about the actor's own entry."""
        body = {"entry_id": entry_id, "note": note, "idempotency_key": idempotency_key}
        return await self._upstream.call("POST", "/entries/appeal", AppealAnswer, body, actor=self._actor)

    async def reviews(self, entry_ids: Sequence[str]) -> list[Review]:
        """All decisions about these entries, the newest first."""
        return (await self._read("/entries/reviews", _Reviews, entry_ids)).reviews

    async def set_threshold(self, campaign_id: str, below: float | None) -> None:
        """Sets below which score entries are held back."""
        body = {"campaign_id": campaign_id, "below_score": below}
        await self._upstream.call("POST", "/campaigns/review-threshold", None, body, actor=self._actor)

    async def thresholds(self, campaign_ids: Sequence[str]) -> Mapping[str, float]:
        """Below which score entries are held back, by campaign."""
        return (await self._read("/campaigns/review-thresholds", _Thresholds, campaign_ids)).below

    async def _read(self, path: str, returns: Any, ids: Sequence[str]) -> Any:
        return await self._upstream.call(
            "POST", path, returns, {"ids": ids}, actor=self._actor, idempotent=True
        )
