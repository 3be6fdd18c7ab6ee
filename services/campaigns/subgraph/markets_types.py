"""Markets, and the events in them."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Self

import strawberry

from services.campaigns.subgraph import backend
from services.campaigns.subgraph.catalogue_types import GeoPoint, Venue
from services.campaigns.subgraph.clock_types import LocalTime
from services.campaigns.subgraph.gate_types import LocaleArgument
from services.campaigns.subgraph.loaders import Key
from services.campaigns.subgraph.locale_rules import viewer_locale
from services.campaigns.subgraph.policy import may_see
from services.kit.types import ID, CountryCode, DateTime, Window

if TYPE_CHECKING:
    from services.campaigns.subgraph.types import Campaign

Info = strawberry.Info[Any, Any]


@strawberry.enum(description="How an access code may be used.")
class CodeMode(Enum):
    SINGLE_USE = strawberry.enum_value("SINGLE_USE", description="By whoever has it, for one purchase.")
    ACCOUNT_BOUND = strawberry.enum_value(
        "ACCOUNT_BOUND", description="Only by the account that it was given to."
    )


@strawberry.federation.type(
    keys=["id"], description="A place, or a stretch of land, that fans can want tickets in."
)
class Market:
    campaign: strawberry.Private[backend.Campaign]
    row: strawberry.Private[backend.Market]
    id: ID = strawberry.field(description="Opaque id.")
    name: str = strawberry.field(description="What fans choose it by.")
    country: CountryCode = strawberry.field(description="The country it is in.")
    radius_km: float | None = strawberry.field(
        description="How far it reaches from `location`, in kilometres."
    )
    population: int | None = strawberry.field(
        description="About how many people live in cities within `radiusKm`; null without a place and a radius."
    )

    time_zone: str | None = strawberry.field(
        description="IANA time zone of its venue, else of the nearest city; null without a place."
    )

    @strawberry.field(description="Its middle: the venue's place unless set otherwise.")
    def location(self) -> GeoPoint | None:
        return self.row.location and GeoPoint.of(self.row.location)

    @strawberry.field(description="Where its shows happen, if all happen in one place.")
    def venue(self) -> Venue | None:
        return self.row.venue and Venue.of(self.row.venue)

    @strawberry.field(description="Its shows, in the order of their making.")
    def events(
        self,
    ) -> list[Annotated["Event", strawberry.lazy("services.campaigns.subgraph.markets_types")]]:
        return [Event.of(self.campaign, event) for event in self._events]

    @strawberry.field(
        description="How many tickets winners can get here: the sum of its events' allocations."
    )
    def capacity(self) -> int:
        return sum(event.allocation for event in self._events)

    @property
    def _events(self) -> list[backend.Event]:
        return [event for event in self.campaign.events if event.market_id == self.row.id]

    @classmethod
    async def resolve_reference(cls, info: Info, id: str) -> Self | None:
        campaign = await info.context.campaign_by_key.load(Key("market", id))
        if campaign is None or not await may_see(info.context, campaign):
            return None
        return cls.in_campaign(campaign, id)

    @classmethod
    def in_campaign(cls, campaign: backend.Campaign, id: str) -> Self:
        """The market of this id, which the campaign must have."""
        return cls.of(campaign, backend.first(campaign.markets, id))

    @classmethod
    def of(cls, campaign: backend.Campaign, market: backend.Market) -> Self:
        """The graph's view of what the Campaign Service answered."""
        return cls(
            campaign=campaign,
            row=market,
            id=ID(market.id),
            name=market.name,
            country=CountryCode(market.country),
            radius_km=market.radius_km,
            population=market.population,
            time_zone=market.time_zone,
        )


@strawberry.federation.type(keys=["id"], description="A show that winners can buy tickets for.")
class Event:
    row: strawberry.Private[backend.Event]
    parent: strawberry.Private[backend.Campaign]
    id: ID = strawberry.field(description="Opaque id.")
    name: str = strawberry.field(description="What fans know it by.")
    starts_at: DateTime = strawberry.field(description="When the show starts.")
    presale: Window = strawberry.field(description="When access codes work.")
    allocation: int = strawberry.field(description="How many tickets winners can get.")
    code_mode: CodeMode = strawberry.field(description="How its access codes may be used.")
    ticket_limit: int = strawberry.field(description="How many tickets one winner can buy at most.")

    @strawberry.field(description="`startsAt` as clocks show it there; null where the market has no place.")
    def starts_at_local(self, info: Info, locale: LocaleArgument = None) -> LocalTime | None:
        return self._local(self.row.starts_at, info, locale)

    @strawberry.field(
        description="`presale.opensAt` as clocks show it there; null where the market has no place."
    )
    def presale_opens_at_local(self, info: Info, locale: LocaleArgument = None) -> LocalTime | None:
        return self._local(self.row.presale.opens_at, info, locale)

    @strawberry.field(
        description="`presale.closesAt` as clocks show it there; null where the market has no place."
    )
    def presale_closes_at_local(self, info: Info, locale: LocaleArgument = None) -> LocalTime | None:
        return self._local(self.row.presale.closes_at, info, locale)

    def _local(self, moment: datetime, info: Info, locale: str | None) -> LocalTime | None:
        market = backend.first(self.parent.markets, self.row.market_id)
        if market.time_zone is None:
            return None
        wanted = viewer_locale(self.parent.default_locale, locale, info.context.accept_language)
        return LocalTime.of(moment, market.time_zone, wanted)

    @strawberry.field(description="The market it is in.")
    def market(self) -> Market:
        return Market.in_campaign(self.parent, self.row.market_id)

    @strawberry.field(description="The campaign it belongs to.")
    def campaign(self) -> Annotated["Campaign", strawberry.lazy("services.campaigns.subgraph.types")]:
        from services.campaigns.subgraph.types import Campaign

        return Campaign.of(self.parent)

    @classmethod
    async def resolve_reference(cls, info: Info, id: str) -> Self | None:
        campaign = await info.context.campaign_by_key.load(Key("event", id))
        if campaign is None or not await may_see(info.context, campaign):
            return None
        return cls.in_campaign(campaign, id)

    @classmethod
    def in_campaign(cls, campaign: backend.Campaign, id: str) -> Self:
        """The event of this id, which the campaign must have."""
        return cls.of(campaign, backend.first(campaign.events, id))

    @classmethod
    def of(cls, campaign: backend.Campaign, event: backend.Event) -> Self:
        """The graph's view of what the Campaign Service answered."""
        return cls(
            row=event,
            parent=campaign,
            id=ID(event.id),
            name=event.name,
            starts_at=DateTime(event.starts_at),
            presale=Window(
                opens_at=DateTime(event.presale.opens_at), closes_at=DateTime(event.presale.closes_at)
            ),
            allocation=event.allocation,
            code_mode=CodeMode(event.code_mode),
            ticket_limit=event.ticket_limit,
        )
