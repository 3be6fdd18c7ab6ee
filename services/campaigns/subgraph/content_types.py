"""A campaign's texts, one set per locale."""

from typing import Self

import strawberry

from services.campaigns.subgraph import backend
from services.campaigns.subgraph.locale_rules import Choice
from services.kit.types import Locale


@strawberry.type(description="A campaign's texts in one locale.")
class CampaignContent:
    campaign: strawberry.Private[backend.Campaign]
    locale: Locale = strawberry.field(description="The locale of these texts.")
    is_fallback: bool = strawberry.field(
        description="Whether this is another locale than the one asked for first."
    )
    title: str = strawberry.field(description="The campaign's name.")
    summary: str | None = strawberry.field(description="One paragraph, plain text.")
    body: str | None = strawberry.field(description="The full description.")
    terms: str | None = strawberry.field(description="What fans agree to.")
    sms_template: str | None = strawberry.federation.field(
        description="Text of the winners' message.", tags=["admin"]
    )

    @classmethod
    def of(cls, campaign: backend.Campaign, choice: Choice) -> Self:
        """A campaign's texts in the locale chosen."""
        [content] = [content for content in campaign.contents if content.locale == choice.locale]
        return cls(
            campaign=campaign,
            locale=Locale(choice.locale),
            is_fallback=choice.is_fallback,
            title=content.title,
            summary=content.summary,
            body=content.body,
            terms=content.terms,
            sms_template=content.sms_template,
        )

    @classmethod
    def untitled(cls, campaign: backend.Campaign) -> Self:
        """What stands in for the texts of a draft that has none yet."""
        return cls(
            campaign=campaign,
            locale=Locale(campaign.default_locale),
            is_fallback=True,
            title=campaign.slug,
            summary=None,
            body=None,
            terms=None,
            sms_template=None,
        )
