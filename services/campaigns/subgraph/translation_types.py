"""How far a campaign is translated."""

import strawberry

from services.campaigns.subgraph import backend
from services.kit.locales import LOCALES
from services.kit.types import Locale

_TEXTS = {
    "title": "title",
    "summary": "summary",
    "body": "body",
    "terms": "terms",
    "sms_template": "smsTemplate",
}


@strawberry.federation.type(description="How far a campaign's texts are there in a locale.", tags=["admin"])
class TranslationCompleteness:
    locale: Locale = strawberry.field(description="The locale.")
    is_default: bool = strawberry.field(description="Whether it is the campaign's default locale.")
    missing: list[str] = strawberry.field(
        description="The texts that are written in the default locale and not in this one, by their names on "
        "`CampaignContent`; readers see none of these. All, where the locale has no texts of its own."
    )
    share: float = strawberry.field(
        description="How much of what is written in the default locale is there, 0 to 1."
    )


def completeness_of(campaign: backend.Campaign) -> list[TranslationCompleteness]:
    """Of every locale that it has texts for or that people speak where it is offered, the default first."""
    contents = {content.locale: content for content in campaign.contents}
    default = contents.get(campaign.default_locale)
    wanted = [name for name in _TEXTS if default is None or getattr(default, name) is not None]
    spoken = {locale for locale in LOCALES if locale.partition("-")[2] in campaign.countries}
    locales = sorted(
        spoken | {*contents, campaign.default_locale}, key=lambda tag: (tag != campaign.default_locale, tag)
    )
    return [_completeness(locale, campaign, contents.get(locale), wanted) for locale in locales]


def _completeness(
    locale: str, campaign: backend.Campaign, content: backend.Content | None, wanted: list[str]
) -> TranslationCompleteness:
    missing = [name for name in wanted if content is None or getattr(content, name) is None]
    return TranslationCompleteness(
        locale=Locale(locale),
        is_default=locale == campaign.default_locale,
        missing=[_TEXTS[name] for name in missing],
        share=round(1 - len(missing) / len(wanted), 3),
    )
