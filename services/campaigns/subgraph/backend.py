"""The Campaign Service as this subgraph calls it: the only file that knows its HTTP paths."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Generic, TypeVar

from msgspec import Struct, field
from strawberry import UNSET

from services.campaigns.subgraph.promoters_backend import Promoter
from services.kit.errors import Unavailable
from services.kit.paging import Page
from services.kit.upstream import NOT_UNDERSTOOD, Upstream, segment

T = TypeVar("T")
_TREES = ("all_of", "any_of")
_GATES = (*_TREES, "card", "linked_account", "identity", "phone", "region", "membership")


class Window(Struct):
    opens_at: datetime
    closes_at: datetime


class ScoreRange(Struct):
    min: float | None = None
    max: float | None = None


class GeoPoint(Struct):
    latitude: float
    longitude: float


class Content(Struct):
    locale: str
    title: str
    summary: str | None = None
    body: str | None = None
    terms: str | None = None
    sms_template: str | None = None


class Venue(Struct):
    id: str
    name: str
    city: str
    country: str
    time_zone: str
    location: GeoPoint
    capacity: int | None
    source: str = "catalogue"


class Artist(Struct):
    id: str
    name: str
    image_url: str | None
    source: str


class Market(Struct):
    id: str
    name: str
    country: str
    location: GeoPoint | None
    radius_km: float | None
    population: int | None
    venue: Venue | None
    time_zone: str | None = None


class Event(Struct):
    id: str
    market_id: str
    name: str
    starts_at: datetime
    presale: Window
    allocation: int
    code_mode: str
    ticket_limit: int


class Campaign(Struct):
    """A campaign with all that belongs to it, as the Campaign Service answers it; see its OpenAPI document."""

    id: str
    slug: str
    team_id: str
    version: int
    state: str
    announced: bool
    default_locale: str
    countries: list[str]
    registration: Window
    phone_required: bool
    identity_key: str
    gate: dict[str, Any] | None
    score_range: ScoreRange | None
    created_at: datetime
    updated_at: datetime
    contents: list[Content]
    artists: list[Artist]
    markets: list[Market]
    events: list[Event]
    hero_image: str | None = None
    promoter: Promoter | None = None

    def __post_init__(self) -> None:
        self.gate = self.gate and _gate(self.gate)
        markets = {market.id for market in self.markets}
        if any(event.market_id not in markets for event in self.events):
            raise ValueError("an event is in no market of the campaign")


Place = TypeVar("Place", Market, Event)


def first(those: Sequence[Place], id: str) -> Place:
    """The market or event of this id, which is among those of its campaign."""
    found = next((each for each in those if each.id == id), None)
    if found is None:
        raise Unavailable(NOT_UNDERSTOOD)
    return found


def _gate(node: dict[str, Any]) -> dict[str, Any]:
    """A gate with the one member that it is made of; what a newer backend may have added is left out."""
    members = {kind: node[kind] for kind in _GATES if node.get(kind) is not None}
    if len(members) != 1:
        raise ValueError("a gate has exactly one member")
    [(kind, value)] = members.items()
    return {kind: [_gate(child) for child in value] if kind in _TREES else value}


class CampaignKeys(Struct):
    """Which campaigns: by id, by slug, or by a market or event that belongs to them."""

    ids: list[str] = field(default_factory=list[str])
    slugs: list[str] = field(default_factory=list[str])
    market_ids: list[str] = field(default_factory=list[str])
    event_ids: list[str] = field(default_factory=list[str])


class Listed(Struct):
    """A campaign and its place in the list."""

    place: str
    campaign: Campaign


class Found(Struct, Generic[T]):
    """Something found, and its place in the list."""

    place: str
    item: T


class Findings(Struct, Generic[T]):
    """A page of what was found; `fallback`: the provider did not answer, and our own catalogue did."""

    items: list[Found[T]]
    has_next: bool
    fallback: bool = False


class Changed(Struct):
    """The campaign after a change, and the id of what was changed."""

    campaign: Campaign
    target: str


class Finding(Struct):
    """Something that looks wrong; `path` is the graph's."""

    severity: str
    code: str
    message: str
    path: list[str]


class _Findings(Struct):
    findings: list[Finding]


class _Campaigns(Struct):
    campaigns: list[Campaign]


class _Venues(Struct):
    venues: list[Venue]


class _Artists(Struct):
    artists: list[Artist]


class CampaignsBackend:
    """Calls of one request, on behalf of `actor`. Inputs are the graph's own; refusals are raised as Problem."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self._upstream = upstream
        self._actor = actor

    async def campaigns(self, keys: CampaignKeys) -> list[Campaign]:
        """Whole campaigns by any of their keys, each once; unknown keys are left out."""
        return (await self._read("/campaigns/batch", _Campaigns, keys)).campaigns

    async def search_campaigns(self, query: dict[str, Any]) -> Page[Listed]:
        """A page of campaigns."""
        return await self._read("/campaigns/search", Page[Listed], query)

    async def findings(self, campaign_id: str) -> list[Finding]:
        """What looks wrong about a campaign, errors first."""
        path = f"/campaigns/{segment(campaign_id)}/findings"
        return (await self._upstream.call("GET", path, _Findings)).findings

    async def venues(self, ids: Sequence[str]) -> list[Venue]:
        """Venues by id; unknown ids are left out."""
        return (await self._read("/venues/batch", _Venues, {"ids": ids})).venues

    async def search_venues(self, query: dict[str, Any]) -> Findings[Venue]:
        """The venues that fit, best first."""
        return await self._read("/venues/search", Findings[Venue], query)

    async def artists(self, ids: Sequence[str]) -> list[Artist]:
        """Artists by id; unknown ids are left out."""
        return (await self._read("/artists/batch", _Artists, {"ids": ids})).artists

    async def search_artists(self, query: dict[str, Any]) -> Findings[Artist]:
        """The artists that fit, most alike first."""
        return await self._read("/artists/search", Findings[Artist], query)

    async def create_campaign(self, input: Any) -> Changed:
        """A new draft."""
        return await self._write("/campaigns", input)

    async def clone_campaign(self, campaign_id: str, input: Any) -> Changed:
        """A draft with all that the campaign was set up with."""
        return await self._write(f"/campaigns/{segment(campaign_id)}/clones", input)

    async def update_campaign(self, campaign_id: str, input: Any) -> Changed:
        """The campaign with what the input gives."""
        return await self._write(f"/campaigns/{campaign_id}", input)

    async def transition_campaign(self, campaign_id: str, input: Any) -> Changed:
        """The campaign in its new state."""
        return await self._write(f"/campaigns/{campaign_id}/transitions", input)

    async def set_campaign_content(self, campaign_id: str, input: Any) -> Changed:
        """The campaign with new texts in one locale."""
        return await self._write(f"/campaigns/{campaign_id}/contents", input)

    async def set_gate(self, campaign_id: str, input: Any) -> Changed:
        """The campaign with a new gate."""
        return await self._write(f"/campaigns/{campaign_id}/gate", input)

    async def put_market(self, campaign_id: str, input: Any) -> Changed:
        """The campaign with a market added or replaced."""
        return await self._write(f"/campaigns/{campaign_id}/markets", input)

    async def remove_market(self, campaign_id: str, input: Any) -> Changed:
        """The campaign without that market."""
        return await self._write(f"/campaigns/{campaign_id}/markets/removals", input)

    async def put_event(self, campaign_id: str, input: Any) -> Changed:
        """The campaign with an event added or replaced."""
        return await self._write(f"/campaigns/{campaign_id}/events", input)

    async def remove_event(self, campaign_id: str, input: Any) -> Changed:
        """The campaign without that event."""
        return await self._write(f"/campaigns/{campaign_id}/events/removals", input)

    async def _read(self, path: str, returns: type[T], body: Any) -> T:
        return await self._upstream.call("POST", path, returns, body, idempotent=True)

    async def _write(self, path: str, input: Any) -> Changed:
        return await self._upstream.call("POST", path, Changed, as_body(input), actor=self._actor)


def as_body(value: Any) -> Any:
    """A GraphQL input as the JSON that the Campaign Service takes: the same shape, without what was left out."""
    if is_dataclass(value):
        given = {f.name: getattr(value, f.name) for f in fields(value)}
        return {name: as_body(part) for name, part in given.items() if part is not UNSET}
    if isinstance(value, list):
        return [as_body(part) for part in value]
    return value.value if isinstance(value, Enum) else value
