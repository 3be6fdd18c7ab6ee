"""The Campaign Service's wire format: what its JSON looks like, in both directions. Moments are RFC 3339."""

from enum import StrEnum
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from services.campaigns.backend.catalogue_wire import Artist, GeoPoint, Search, Venue
from services.campaigns.backend.gate_wire import Gate
from services.campaigns.backend.promoters_wire import Promoter
from services.kit.wire import LocaleTag, Moment, Whole

IdempotencyKey = Annotated[str, Meta(min_length=1, max_length=200)]


class State(StrEnum):
    """Where a campaign is in its life."""

    DRAFT = "DRAFT"
    SCHEDULED = "SCHEDULED"
    OPEN = "OPEN"
    PAUSED = "PAUSED"
    CLOSED = "CLOSED"
    SELECTING = "SELECTING"
    FINISHED = "FINISHED"
    ARCHIVED = "ARCHIVED"
    CANCELLED = "CANCELLED"


CodeMode = Literal["SINGLE_USE", "ACCOUNT_BOUND"]
IdentityKey = Literal["EMAIL", "GLOBAL_USER_ID", "MEMBER_ID"]


class Window(Struct):
    """From `opens_at` until just before `closes_at`."""

    opens_at: Moment
    closes_at: Moment


class ScoreRange(Struct):
    """Scores that can be selected, both ends included; null: no bound."""

    min: float | None = None
    max: float | None = None


class Content(Struct):
    """A campaign's texts in one locale."""

    locale: LocaleTag
    title: str
    summary: str | None = None
    body: str | None = None
    terms: str | None = None
    sms_template: str | None = None


class Market(Struct):
    """Where fans can want tickets; `population` counts people within `radius_km` of `location`, null when not known.

    `time_zone` is the venue's, else the nearest city's (IANA); null without a place.
    """

    id: str
    name: str
    country: str
    location: GeoPoint | None
    radius_km: float | None
    population: Whole | None
    venue: Venue | None
    time_zone: str | None = None


class Event(Struct):
    """A show in a market of its campaign; `allocation` counts tickets that winners can get."""

    id: str
    market_id: str
    name: str
    starts_at: Moment
    presale: Window
    allocation: Annotated[int, Meta(ge=0, le=10_000_000)]
    code_mode: CodeMode
    ticket_limit: Whole


class Campaign(Struct):
    """A campaign with all that belongs to it; `state` is that of the moment of the answer, windows applied.

    Once `announced` the public knows of it, whatever becomes of it.
    """

    id: str
    slug: str
    team_id: str
    version: Whole
    state: State
    announced: bool
    default_locale: LocaleTag
    countries: list[str]
    registration: Window
    phone_required: bool
    identity_key: IdentityKey
    gate: Gate | None
    score_range: ScoreRange | None
    created_at: Moment
    updated_at: Moment
    contents: list[Content]
    artists: list[Artist]
    markets: list[Market]
    events: list[Event]
    hero_image: str | None = None
    promoter: Promoter | None = None


class CampaignKeys(Struct):
    """Which campaigns: by id, by slug, or by a market or event that belongs to them."""

    ids: list[str] = field(default_factory=list[str])
    slugs: list[str] = field(default_factory=list[str])
    market_ids: list[str] = field(default_factory=list[str])
    event_ids: list[str] = field(default_factory=list[str])


class Campaigns(Struct):
    """Found campaigns, each once, in no particular order; unknown keys are left out."""

    campaigns: list[Campaign]


class CampaignQuery(Struct):
    """Which campaigns to list, `backward` from the end or from `before`. `reader_teams` and `reader_campaigns` are
    those whose campaigns the caller may read before the public does.
    """

    states: list[State] | None = None
    country: str | None = None
    artist_id: str | None = None
    team_id: str | None = None
    promoter_id: str | None = None
    reader_teams: list[str] = []
    reader_campaigns: list[str] = []
    search: Search | None = None
    open_at: Moment | None = None
    order_by: Literal["NEWEST", "OPENS_SOONEST", "CLOSES_SOONEST"] = "NEWEST"
    after: str | None = None
    before: str | None = None
    backward: bool = False
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class Listed(Struct):
    """A campaign and its place in the list: pass the last one's as `after` for the next page, the first one's
    as `before` for the page before.
    """

    place: str
    campaign: Campaign


class NewCampaign(Struct):
    """A campaign to create, as a draft. Where `default_locale` is left out, its promoter's counts."""

    team_id: str
    slug: str
    countries: list[str]
    registration: Window
    default_locale: str | None = None
    promoter_id: str | None = None
    hero_upload_id: str | None = None
    phone_required: bool = False
    identity_key: str = "EMAIL"
    gate: Gate | None = None
    score_range: ScoreRange | None = None
    artist_ids: list[str] = field(default_factory=list[str])
    contents: list[Content] = field(default_factory=list[Content])
    idempotency_key: IdempotencyKey | None = None


class CampaignUpdate(Struct):
    """What to change; members that are left out stay."""

    expected_version: Whole
    slug: str | UnsetType = UNSET
    default_locale: str | UnsetType = UNSET
    countries: list[str] | UnsetType = UNSET
    registration: Window | UnsetType = UNSET
    phone_required: bool | UnsetType = UNSET
    identity_key: str | UnsetType = UNSET
    score_range: ScoreRange | UnsetType | None = UNSET
    artist_ids: list[str] | UnsetType = UNSET
    promoter_id: str | UnsetType | None = UNSET
    hero_upload_id: str | UnsetType | None = UNSET


class Transition(Struct):
    """The state to go to."""

    to: State
    expected_version: Whole


class ContentWrite(Content, kw_only=True):
    """Texts for one locale; they replace what is there."""

    expected_version: Whole | None = None


class GateWrite(Struct):
    """The new gate; null lets everybody in."""

    gate: Gate | None
    expected_version: Whole | None = None


class MarketWrite(Struct):
    """A market to add, or with `id` to replace. Where `location` is left out, the venue's counts."""

    name: str
    country: str
    id: str | None = None
    location: GeoPoint | None = None
    radius_km: float | None = None
    venue_id: str | None = None
    expected_version: Whole | None = None
    idempotency_key: IdempotencyKey | None = None


class EventWrite(Struct):
    """An event to add, or with `id` to replace. It starts at a moment, or at a time of the market's own clocks."""

    market_id: str
    name: str
    presale: Window
    allocation: Whole
    starts_at: Moment | None = None
    starts_at_local: str | None = None
    id: str | None = None
    code_mode: str = "SINGLE_USE"
    ticket_limit: Whole = 4
    expected_version: Whole | None = None
    idempotency_key: IdempotencyKey | None = None


class Removal(Struct):
    """What to remove."""

    id: str
    expected_version: Whole | None = None


class Changed(Struct):
    """The campaign after the change, and the id of what was changed: the campaign, market or event."""

    campaign: Campaign
    target: str
