"""Who holds which code at the Code Service: the only file that knows these HTTP paths."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from services.codes.subgraph.backend import Code
from services.kit.paging import Page
from services.kit.upstream import Upstream, one_for_each


class HeldIn(msgspec.Struct, frozen=True):
    """A campaign of which a user has or had a code."""

    user_id: str
    campaign_id: str
    team_id: str


class PageOfUser(NamedTuple):
    """Which of a user's codes: those of `campaigns`, or, where that is None, those that are released to her."""

    user_id: str
    limit: int
    after: str | None
    campaigns: tuple[str, ...] | None


class _Found(msgspec.Struct):
    codes: list[Code | None]


class _Campaigns(msgspec.Struct):
    held: list[HeldIn]


class _Pages(msgspec.Struct):
    pages: list[Page[Code]]


class HoldersBackend:
    """Calls of one request, on behalf of `actor`."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self._upstream = upstream
        self._actor = actor

    async def by_value(self, values: Sequence[str]) -> list[Code | None]:
        """The codes that somebody typed, in order; None where nobody knows one."""
        body = {"values": values}
        answer = await self._upstream.call(
            "POST", "/codes/by-value", _Found, body, actor=self._actor, idempotent=True
        )
        return one_for_each(values, answer.codes)

    async def campaigns(self, user_ids: Sequence[str]) -> list[HeldIn]:
        """The campaigns of which these users have or had codes."""
        body = {"ids": user_ids}
        answer = await self._upstream.call(
            "POST", "/users/campaigns-of-codes", _Campaigns, body, idempotent=True
        )
        return answer.held

    async def pages(self, pages: Sequence[PageOfUser]) -> list[Page[Code]]:
        """Pages of users' codes, newest first, in the order of the requests."""
        body = {"pages": [page._asdict() for page in pages]}
        answer = await self._upstream.call(
            "POST", "/users/codes", _Pages, body, actor=self._actor, idempotent=True
        )
        return one_for_each(pages, answer.pages)
