"""How a winner is told her code: on which channel, in which language, in which words. Pure: no I/O, no clock."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Channel = Literal["SMS", "EMAIL"]

MOST_MESSAGES = 6
RESEND_PAUSE_SECONDS = 600
MOST_ATTEMPTS = 10
_LONGEST_NAME = 120
_PLACEHOLDER = re.compile(r"\{(code|link|event|campaign)\}")
# Whose texts read closest, before just any of the language.
_RELATIVES = {
    "en-IE": "en-GB",
    "en-GB": "en-IE",
    "es-US": "es-MX",
    "es-MX": "es-US",
    "en-CA": "en-US",
    "en-US": "en-CA",
}
_SMS = {
    "en": "{campaign}: your access code for {event} is {code}. {link}",
    "es": "{campaign}: tu código de acceso para {event} es {code}. {link}",
    "fr": "{campaign} : votre code d’accès pour {event} est {code}. {link}",
}
_SUBJECT = {
    "en": "Your access code for {campaign}",
    "es": "Tu código de acceso para {campaign}",
    "fr": "Votre code d’accès pour {campaign}",
}
_MAIL = {
    "en": "You have won access to {event}.\n\nYour access code: {code}\n\nUse it here: {link}\n\n"
    "The code is for you alone. Do not share it.\n",
    "es": "Has ganado acceso a {event}.\n\nTu código de acceso: {code}\n\nÚsalo aquí: {link}\n\n"
    "El código es solo para ti. No lo compartas.\n",
    "fr": "Vous avez gagné un accès à {event}.\n\nVotre code d’accès : {code}\n\nUtilisez-le ici : {link}\n\n"
    "Ce code est pour vous seul. Ne le partagez pas.\n",
}
_EVENT = {"en": "the event", "es": "el evento", "fr": "l’événement"}


@dataclass(frozen=True, slots=True)
class Contact:
    """How a fan is reached; what is None she has not confirmed."""

    email: str | None
    phone: str | None
    locale: str | None


@dataclass(frozen=True, slots=True)
class Campaign:
    """What the texts say of a campaign; titles and templates by locale."""

    slug: str | None
    default_locale: str
    titles: Mapping[str, str]
    sms_templates: Mapping[str, str]
    event: str | None


@dataclass(frozen=True, slots=True)
class Text:
    """A message in words; `subject` is for mail."""

    subject: str
    body: str


def channel_for(contact: Contact | None, wanted: Channel | None) -> Channel | None:
    """The wanted channel, else a text message before a mail; None where she cannot be reached."""
    if contact is None:
        return None
    reachable: dict[Channel, bool] = {"SMS": bool(contact.phone), "EMAIL": bool(contact.email)}
    if wanted is not None:
        return wanted if reachable[wanted] else None
    return next((channel for channel, is_there in reachable.items() if is_there), None)


def other_channel(contact: Contact, refused: Channel) -> Channel | None:
    """The channel that is left after a refusal."""
    return channel_for(contact, "EMAIL" if refused == "SMS" else "SMS")


def compose(channel: Channel, campaign: Campaign, contact: Contact, code: str, site: str) -> Text:
    """The message in the fan's language: the campaign's template for texts, the platform's words for mails and where
    the campaign has none. Values are put in once: what looks like a placeholder inside a title stays as it is.
    """
    locale = contact.locale or campaign.default_locale
    language = locale.partition("-")[0] if locale.partition("-")[0] in _SMS else "en"
    title = _nearest(campaign.titles, locale, campaign.default_locale) or ""
    values = {
        "code": code,
        "link": f"{site.rstrip('/')}/campaigns/{campaign.slug}" if campaign.slug else site,
        "event": _one_line(campaign.event) or _EVENT[language],
        "campaign": _one_line(title) or _EVENT[language],
    }
    template = _MAIL[language]
    if channel == "SMS":
        template = _nearest(campaign.sms_templates, locale, campaign.default_locale) or _SMS[language]
    return Text(_fill(_SUBJECT[language], values), _fill(template, values))


def _nearest(texts: Mapping[str, str], locale: str, default: str) -> str | None:
    """The text of a locale, of its relative, of any with its language, or of the default."""
    language = locale.partition("-")[0]
    candidates = [locale, _RELATIVES.get(locale, "")]
    candidates += [each for each in sorted(texts) if each.partition("-")[0] == language]
    return next((texts[each] for each in [*candidates, default] if texts.get(each)), None)


def _fill(template: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values[match[1]], template)


def _one_line(text: str | None) -> str:
    """A name as it fits into a sentence or a header: no line breaks, no control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text or "").split())[:_LONGEST_NAME]
