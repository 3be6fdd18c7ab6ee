"""The campaigns part of the graph: campaigns and what belongs to them."""

from enum import Enum
from typing import Annotated, Any, Self

import strawberry

from services.campaigns.subgraph import backend
from services.campaigns.subgraph.catalogue_types import Artist
from services.campaigns.subgraph.content_types import CampaignContent
from services.campaigns.subgraph.gate_types import Gate, LocaleArgument, gate_of
from services.campaigns.subgraph.loaders import Key
from services.campaigns.subgraph.locale_rules import Choice, negotiate
from services.campaigns.subgraph.markets_types import Event, Market
from services.campaigns.subgraph.policy import may_see
from services.campaigns.subgraph.promoters_types import Promoter
from services.campaigns.subgraph.translation_types import TranslationCompleteness, completeness_of
from services.kit.types import ID, URL, CountryCode, DateTime, EmailAddress, Locale, Window, shared

Info = strawberry.Info[Any, Any]


@strawberry.enum(description="Where a campaign is in its life.")
class CampaignState(Enum):
    DRAFT = strawberry.enum_value("DRAFT", description="Being prepared; only its team sees it.")
    SCHEDULED = strawberry.enum_value("SCHEDULED", description="Published; registration has not begun.")
    OPEN = strawberry.enum_value("OPEN", description="Takes registrations.")
    PAUSED = strawberry.enum_value("PAUSED", description="Takes no registrations for a while.")
    CLOSED = strawberry.enum_value("CLOSED", description="Registration is over.")
    SELECTING = strawberry.enum_value("SELECTING", description="Winners are being drawn.")
    FINISHED = strawberry.enum_value("FINISHED", description="All winners are drawn.")
    ARCHIVED = strawberry.enum_value("ARCHIVED", description="Kept for the record.")
    CANCELLED = strawberry.enum_value("CANCELLED", description="Will not take place.")


@strawberry.enum(description="What makes a person one person: each has one live entry per campaign.")
class IdentityKey(Enum):
    EMAIL = strawberry.enum_value("EMAIL", description="The email address.")
    GLOBAL_USER_ID = strawberry.enum_value("GLOBAL_USER_ID", description="The identity provider's account.")
    MEMBER_ID = strawberry.enum_value("MEMBER_ID", description="The membership.")


@shared("Scores that can be selected, both ends included.")
class ScoreRange:
    min: float | None = strawberry.field(description="The lowest score; null: no lower bound.")
    max: float | None = strawberry.field(description="The highest score; null: no upper bound.")


@strawberry.federation.type(keys=["id", "slug"], description="A presale that fans can register for.")
class Campaign:
    row: strawberry.Private[backend.Campaign]
    id: ID = strawberry.field(description="Opaque id.")
    slug: str = strawberry.field(description="Its name in links, unique: `summer-tour-2027`.")
    state: CampaignState = strawberry.field(
        description="Where it is in its life at this moment, its registration window applied."
    )
    default_locale: Locale = strawberry.field(description="The locale whose texts serve when no other fits.")
    countries: list[CountryCode] = strawberry.field(description="Where it is offered.")
    registration: Window = strawberry.field(description="When fans can enter.")
    phone_required: bool = strawberry.field(
        description="Whether an entry counts only with a confirmed phone number."
    )
    identity_key: IdentityKey = strawberry.field(description="What makes a person one person here.")
    created_at: DateTime = strawberry.field(description="When it was created.")
    updated_at: DateTime = strawberry.field(description="When any part of it last changed.")
    version: int = strawberry.federation.field(
        description="Grows with every change of any part; pass it as `expectedVersion`.", tags=["admin"]
    )

    @strawberry.field(
        description="Its picture: a JPEG, PNG or WebP at most 2,560 pixels long, cacheable for good."
    )
    def hero_image(self) -> URL | None:
        return None if self.row.hero_image is None else URL(self.row.hero_image)

    @strawberry.field(description="Who puts it on.")
    def promoter(self) -> Promoter | None:
        return None if self.row.promoter is None else Promoter.of(self.row.promoter)

    @strawberry.field(description="Whom fans can turn to: the promoter's contact.")
    def support_email(self) -> EmailAddress | None:
        given = self.row.promoter and self.row.promoter.support_email
        return None if given is None else EmailAddress(given)

    @strawberry.field(description="The promoter's privacy policy.")
    def privacy_policy_url(self) -> URL | None:
        given = self.row.promoter and self.row.promoter.privacy_policy_url
        return None if given is None else URL(given)

    @strawberry.field(
        description="The company that fans' data may be handed to, but for fans who opted out; null: it stays here. "
        "Show it, with `privacyPolicyUrl`, before a fan registers."
    )
    def fan_data_shared_with(self) -> str | None:
        promoter = self.row.promoter
        return promoter.legal_name if promoter is not None and promoter.shares_fan_data else None

    @strawberry.field(description="The locales it has texts for.")
    def locales(self) -> list[Locale]:
        return [Locale(content.locale) for content in self.row.contents]

    @strawberry.field(
        description="The texts in the locale asked for, or the nearest. A draft without texts has its slug for a title."
    )
    def content(
        self,
        info: Info,
        locale: Annotated[
            Locale | None,
            strawberry.argument(
                description="The locale wanted; without it the Accept-Language header counts."
            ),
        ] = None,
    ) -> CampaignContent:
        available = [content.locale for content in self.row.contents]
        accept_language = info.context.accept_language
        choice = negotiate(available, self.row.default_locale, asked=locale, accept_language=accept_language)
        return CampaignContent.untitled(self.row) if choice is None else CampaignContent.of(self.row, choice)

    @strawberry.federation.field(description="The texts in every locale there is.", tags=["admin"])
    def translations(self) -> list[CampaignContent]:
        choices = [Choice(content.locale, is_fallback=False) for content in self.row.contents]
        return [CampaignContent.of(self.row, choice) for choice in choices]

    @strawberry.federation.field(
        description="How far it is translated: the default locale first, then all it has texts for or is offered to.",
        tags=["admin"],
    )
    def translation_completeness(self) -> list[TranslationCompleteness]:
        return completeness_of(self.row)

    @strawberry.field(description="What a fan must fulfil to enter; null lets everybody in.")
    def gate(self) -> Gate | None:
        return None if self.row.gate is None else gate_of(self.row.gate, self.row.default_locale)

    @strawberry.field(description="The whole gate in a sentence; null where everybody can enter.")
    def gate_explanation(self, info: Info, locale: LocaleArgument = None) -> str | None:
        gate = self.gate()
        return gate and gate.explanation(info, locale)

    @strawberry.federation.field(description="Which scores can be selected; null: all.", tags=["admin"])
    def score_range(self) -> ScoreRange | None:
        scores = self.row.score_range
        return None if scores is None else ScoreRange(min=scores.min, max=scores.max)

    @strawberry.field(description="Who performs, most important first.")
    def artists(self) -> list[Artist]:
        return [Artist.of(artist) for artist in self.row.artists]

    @strawberry.field(description="Where fans can want tickets, in the order of their making.")
    def markets(self) -> list[Market]:
        return [Market.of(self.row, market) for market in self.row.markets]

    @strawberry.field(description="All shows of all markets, in the order of their making.")
    def events(self) -> list[Event]:
        return [Event.of(self.row, event) for event in self.row.events]

    @classmethod
    async def resolve_reference(
        cls, info: Info, id: str | None = None, slug: str | None = None
    ) -> Self | None:
        key = Key("id", id) if id is not None else Key("slug", slug or "")
        campaign = await info.context.campaign_by_key.load(key)
        if campaign is None or (slug is not None and campaign.slug != slug):
            return None
        return cls.of(campaign) if await may_see(info.context, campaign) else None

    @classmethod
    def of(cls, campaign: backend.Campaign) -> Self:
        """The graph's view of what the Campaign Service answered."""
        return cls(
            row=campaign,
            id=ID(campaign.id),
            slug=campaign.slug,
            state=CampaignState(campaign.state),
            default_locale=Locale(campaign.default_locale),
            countries=[CountryCode(country) for country in campaign.countries],
            registration=Window(
                opens_at=DateTime(campaign.registration.opens_at),
                closes_at=DateTime(campaign.registration.closes_at),
            ),
            phone_required=campaign.phone_required,
            identity_key=IdentityKey(campaign.identity_key),
            created_at=DateTime(campaign.created_at),
            updated_at=DateTime(campaign.updated_at),
            version=campaign.version,
        )
