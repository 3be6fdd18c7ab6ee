"""Metrics of campaigns on the wire."""

from datetime import datetime
from typing import Literal

import msgspec

Interval = Literal["HOUR", "DAY"]


class Count(msgspec.Struct, frozen=True):
    """How many entries have this key: a state or a country (null: not known)."""

    key: str | None
    count: int


class MarketCount(msgspec.Struct, frozen=True):
    """How many entries rank a market at this place."""

    market_id: str
    rank: int
    count: int


class Metrics(msgspec.Struct, frozen=True):
    """A campaign in numbers; every part adds up to the rows it counts."""

    campaign_id: str
    registrations: int
    by_state: list[Count]
    by_country: list[Count]
    by_market: list[MarketCount]
    selected: int
    redeemed: int


class MetricsOfCampaigns(msgspec.Struct):
    """One for each campaign asked about, in order; zeros where nothing is known."""

    metrics: list[Metrics]


class ReasonCount(msgspec.Struct, frozen=True):
    """How many entries have a reason that keeps them from being selected; an entry can have several."""

    code: str
    count: int


class EligibilityCounts(msgspec.Struct, frozen=True):
    """How many entries could be selected, and what the others lack; without `computed_at` nothing was counted yet."""

    eligible: int | None = None
    reasons: list[ReasonCount] | None = None
    computed_at: datetime | None = None


class EligibilityOfCampaigns(msgspec.Struct):
    """One for each campaign asked about, in order."""

    eligibility: list[EligibilityCounts]


class TimelineRequest(msgspec.Struct, frozen=True):
    """A campaign by hour or by day, UTC: the hours or days that begin in `[since, until)`; no bound where null."""

    campaign_id: str
    interval: Interval
    since: datetime | None = None
    until: datetime | None = None


class TimelineRequests(msgspec.Struct):
    timelines: list[TimelineRequest]


class TimelinePoint(msgspec.Struct, frozen=True):
    """Entries submitted from `at` until the next point."""

    at: datetime
    count: int


class Timelines(msgspec.Struct):
    """`timelines[i]` answers the request's `timelines[i]`; points without entries are left out."""

    timelines: list[list[TimelinePoint]]


class MarketOwner(msgspec.Struct, frozen=True):
    """Which campaign and team a market belongs to."""

    market_id: str
    campaign_id: str
    team_id: str


class MarketOwners(msgspec.Struct):
    """Those that are known, in no particular order."""

    markets: list[MarketOwner]


class MarketInCampaign(msgspec.Struct, frozen=True):
    """A market of a campaign."""

    market_id: str
    campaign_id: str


class MarketsInCampaigns(msgspec.Struct):
    markets: list[MarketInCampaign]


class Demand(msgspec.Struct):
    """`fans[i]`: how many fans have an entry that counts, or still may, and ranks the request's `markets[i]`."""

    fans: list[int]
