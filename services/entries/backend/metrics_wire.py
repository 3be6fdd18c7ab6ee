"""Metrics of campaigns on the wire."""

from typing import Annotated, Literal

import msgspec

from services.entries.backend.wire import EligibilityCode, EntryState
from services.kit.wire import ONE_FOR_EACH, Moment, Whole

Interval = Literal["HOUR", "DAY"]


class StateCount(msgspec.Struct, frozen=True):
    """How many entries are in this state."""

    key: EntryState
    count: Whole


class CountryCount(msgspec.Struct, frozen=True):
    """How many entries are from this country; null: not known."""

    key: str | None
    count: Whole


class MarketCount(msgspec.Struct, frozen=True):
    """How many entries rank a market at this place."""

    market_id: str
    rank: Whole
    count: Whole


class Metrics(msgspec.Struct, frozen=True):
    """A campaign in numbers; every part adds up to the rows it counts."""

    campaign_id: str
    registrations: Whole
    by_state: list[StateCount]
    by_country: list[CountryCount]
    by_market: list[MarketCount]
    selected: Whole
    redeemed: Whole


class MetricsOfCampaigns(msgspec.Struct):
    """One for each campaign asked about, in order; zeros where nothing is known."""

    metrics: Annotated[list[Metrics], ONE_FOR_EACH]


class ReasonCount(msgspec.Struct, frozen=True):
    """How many entries have a reason that keeps them from being selected; an entry can have several."""

    code: EligibilityCode
    count: Whole


class EligibilityCounts(msgspec.Struct, frozen=True):
    """How many entries could be selected, and what the others lack; without `computed_at` nothing was counted yet."""

    eligible: Whole | None = None
    reasons: list[ReasonCount] | None = None
    computed_at: Moment | None = None


class EligibilityOfCampaigns(msgspec.Struct):
    """One for each campaign asked about, in order."""

    eligibility: Annotated[list[EligibilityCounts], ONE_FOR_EACH]


class TimelineRequest(msgspec.Struct, frozen=True):
    """A campaign by hour or by day, UTC: the hours or days that begin in `[since, until)`; no bound where null."""

    campaign_id: str
    interval: Interval
    since: Moment | None = None
    until: Moment | None = None


class TimelineRequests(msgspec.Struct):
    timelines: list[TimelineRequest]


class TimelinePoint(msgspec.Struct, frozen=True):
    """Entries submitted from `at` until the next point."""

    at: Moment
    count: Whole


class Timelines(msgspec.Struct):
    """`timelines[i]` answers the request's `timelines[i]`; points without entries are left out."""

    timelines: Annotated[list[list[TimelinePoint]], ONE_FOR_EACH]


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

    fans: Annotated[list[Whole], ONE_FOR_EACH]
