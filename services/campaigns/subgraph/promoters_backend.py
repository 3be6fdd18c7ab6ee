"""The Campaign Service's promoters as this subgraph calls them."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from services.kit.paging import Page
from services.kit.upstream import Upstream


class Promoter(Struct):
    """A promoter as the Campaign Service answers it; see its OpenAPI document."""

    id: str
    team_id: str
    version: int
    name: str
    legal_name: str
    support_email: str | None
    privacy_policy_url: str | None
    default_locale: str
    shares_fan_data: bool
    announced: bool = False


class _Promoters(Struct):
    promoters: list[Promoter]


class PromotersBackend:
    """Calls of one request, on behalf of `actor`. Refusals are raised as Problem."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self._upstream = upstream
        self._actor = actor

    async def put(self, body: dict[str, Any]) -> Promoter:
        """The promoter, added or replaced."""
        return await self._upstream.call("POST", "/promoters", Promoter, body, actor=self._actor)

    async def promoters(self, ids: Sequence[str]) -> list[Promoter]:
        """Promoters by id; unknown ids are left out."""
        found = await self._upstream.call(
            "POST", "/promoters/batch", _Promoters, {"ids": ids}, idempotent=True
        )
        return found.promoters

    async def search(self, query: dict[str, Any]) -> Page[Promoter]:
        """A page of promoters, by name."""
        return await self._upstream.call("POST", "/promoters/search", Page[Promoter], query, idempotent=True)
