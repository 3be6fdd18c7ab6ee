"""The Entry Service's metrics as this subgraph calls them: the only file that knows their HTTP paths."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from services.kit.upstream import Upstream, one_for_each


class Count(msgspec.Struct, frozen=True):
    """How many entries have this key."""

    key: str | None
    count: int


class MarketCount(msgspec.Struct, frozen=True):
    """How many entries rank a market at this place."""

    market_id: str
    rank: int
    count: int


class Metrics(msgspec.Struct, frozen=True):
    """A campaign in numbers."""

    campaign_id: str
    registrations: int
    by_state: list[Count]
    by_country: list[Count]
    by_market: list[MarketCount]
    selected: int
    redeemed: int


class ReasonCount(msgspec.Struct, frozen=True):
    """How many entries have a reason that keeps them from being selected."""

    code: str
    count: int


class EligibilityCounts(msgspec.Struct, frozen=True):
    """How many entries could be selected, and what the others lack; all None before it was counted."""

    eligible: int | None = None
    reasons: list[ReasonCount] | None = None
    computed_at: datetime | None = None


class TimelineRequest(msgspec.Struct, frozen=True):
    """A campaign by `HOUR` or by `DAY`: those that begin in `[since, until)`."""

    campaign_id: str
    interval: str
    since: datetime | None
    until: datetime | None


class TimelinePoint(msgspec.Struct, frozen=True):
    """Entries submitted from `at` until the next point."""

    at: datetime
    count: int


class MarketOwner(msgspec.Struct, frozen=True):
    """Which campaign and team a market belongs to."""

    market_id: str
    campaign_id: str
    team_id: str


class MarketInCampaign(msgspec.Struct, frozen=True):
    """A market of a campaign."""

    market_id: str
    campaign_id: str


class _MarketOwners(msgspec.Struct):
    markets: list[MarketOwner]


class _Demand(msgspec.Struct):
    fans: list[int]


class _Metrics(msgspec.Struct):
    metrics: list[Metrics]


class _Eligibility(msgspec.Struct):
    eligibility: list[EligibilityCounts]


class _Timelines(msgspec.Struct):
    timelines: list[list[TimelinePoint]]


class MetricsBackend:
    """Calls of one request."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def metrics(self, campaign_ids: Sequence[str]) -> list[Metrics]:
        """One for each campaign, in order."""
        body = {"ids": campaign_ids}
        answer = await self._upstream.call("POST", "/metrics/batch", _Metrics, body, idempotent=True)
        return one_for_each(campaign_ids, answer.metrics)

    async def eligibility(self, campaign_ids: Sequence[str]) -> list[EligibilityCounts]:
        """One for each campaign, in order."""
        body = {"ids": campaign_ids}
        answer = await self._upstream.call(
            "POST", "/metrics/eligibility", _Eligibility, body, idempotent=True
        )
        return one_for_each(campaign_ids, answer.eligibility)

    async def timelines(self, asked: Sequence[TimelineRequest]) -> list[list[TimelinePoint]]:
        """One for each request, in order."""
        body = {"timelines": asked}
        answer = await self._upstream.call("POST", "/metrics/timelines", _Timelines, body, idempotent=True)
        return one_for_each(asked, answer.timelines)

    async def market_owners(self, market_ids: Sequence[str]) -> list[MarketOwner]:
        """Where markets belong, as far as they are known."""
        body = {"ids": market_ids}
        answer = await self._upstream.call("POST", "/metrics/markets", _MarketOwners, body, idempotent=True)
        return answer.markets

    async def demand(self, asked: Sequence[MarketInCampaign]) -> list[int]:
        """How many fans want each market, in order."""
        body = {"markets": asked}
        answer = await self._upstream.call("POST", "/metrics/demand", _Demand, body, idempotent=True)
        return one_for_each(asked, answer.fans)
