"""A campaign's texts, one set per locale."""

from enum import Enum
from typing import Any, Self

import strawberry

from services.campaigns.subgraph import backend, sms_rules
from services.campaigns.subgraph.locale_rules import Choice
from services.kit.types import Locale

Info = strawberry.Info[Any, Any]


@strawberry.enum(description="In which alphabet a text message is sent.")
class SmsEncoding(Enum):
    GSM_7 = strawberry.enum_value(
        "GSM_7",
        description="GSM 03.38: 160 characters in one part, 153 in each of several; `{}[]~|^\\€` count twice.",
    )
    UCS_2 = strawberry.enum_value(
        "UCS_2",
        description="Any script and emoji: 70 in one part, 67 in each of several. One such letter is enough.",
    )


@strawberry.type(description="A campaign's texts in one locale.")
class CampaignContent:
    campaign: strawberry.Private[backend.Campaign]
    locale: Locale = strawberry.field(description="The locale of these texts.")
    is_fallback: bool = strawberry.field(
        description="Whether this is another locale than the one asked for first."
    )
    title: str = strawberry.field(description="The campaign's name.")
    summary: str | None = strawberry.field(description="One paragraph, plain text.")
    body: str | None = strawberry.field(
        description="The full description, in Markdown (CommonMark without HTML and pictures)."
    )
    terms: str | None = strawberry.field(description="What fans agree to, in Markdown as `body`.")
    sms_template: str | None = strawberry.federation.field(
        description="The winners' message, with `{code}`, `{link}`, `{event}`, `{campaign}` to be filled in.",
        tags=["admin"],
    )

    @strawberry.field(
        description="`body` as HTML that a page can show as it is: no script, no picture, no style."
    )
    async def body_html(self, info: Info) -> str | None:
        return None if self.body is None else await info.context.rendered.html(self.body)

    @strawberry.field(description="`terms` as HTML, as safe as `bodyHtml`.")
    async def terms_html(self, info: Info) -> str | None:
        return None if self.terms is None else await info.context.rendered.html(self.terms)

    @strawberry.federation.field(
        description="In how many parts the winners' message is sent at most: with the longest code, link and event "
        "name. Each part is paid for. Null without a template.",
        tags=["admin"],
    )
    def sms_segments(self) -> int | None:
        return None if self.sms_template is None else self._sms.segments

    @strawberry.federation.field(
        description="The alphabet of the winners' message at its longest; null without a template.",
        tags=["admin"],
    )
    def sms_encoding(self) -> SmsEncoding | None:
        return None if self.sms_template is None else SmsEncoding(self._sms.encoding)

    @property
    def _sms(self) -> sms_rules.Size:
        events = [event.name for event in self.campaign.events]
        filled = sms_rules.longest(self.sms_template or "", campaign=self.title, events=events)
        return sms_rules.size_of(filled)

    @classmethod
    def of(cls, campaign: backend.Campaign, choice: Choice) -> Self:
        """A campaign's texts in the locale chosen."""
        content = next(content for content in campaign.contents if content.locale == choice.locale)
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
