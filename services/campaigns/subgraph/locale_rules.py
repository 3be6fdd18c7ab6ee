"""Which locale's texts a reader gets: what she asks for, a near relative, or the campaign's default. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.kit.locales import LOCALES

_RANGE = re.compile(
    r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?"
)
_MOST_RANGES = 20

# Whose texts read closest, before just any of the language.
_RELATIVES = {
    "en-IE": "en-GB",
    "en-GB": "en-IE",
    "es-US": "es-MX",
    "es-MX": "es-US",
    "en-CA": "en-US",
    "en-US": "en-CA",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """The locale served; `is_fallback` when it is not what was asked for first."""

    locale: str
    is_fallback: bool


def negotiate(
    available: Sequence[str], default: str, *, asked: str | None, accept_language: str | None
) -> Choice | None:
    """The best of `available` locales; None when there is none.

    `asked` (an argument) counts before `accept_language` (the header). Each wish is tried with its relative and then
    with any locale of its language; then comes the default.
    """
    if not available:
        return None
    wishes = [asked] if asked else accepted(accept_language)
    for place, wish in enumerate(wishes):
        if wish == "*":
            break
        for locale in _candidates(wish, available, default):
            return Choice(locale, is_fallback=place > 0 or not _fulfils(locale, wish))
    locale = default if default in available else min(available)
    return Choice(locale, is_fallback=(bool(wishes) and wishes[0] != "*") or locale != default)


def viewer_locale(default: str, asked: str | None, accept_language: str | None) -> str:
    """The served locale for a text that the platform writes itself; `default` is the campaign's."""
    choice = negotiate(LOCALES, default, asked=asked, accept_language=accept_language)
    return choice.locale if choice else default


def accepted(header: str | None) -> list[str]:
    """The language ranges of an Accept-Language header, most wanted first; without malformed and refused (q=0) ones."""
    ranges: list[tuple[float, str]] = []
    for part in (header or "").split(",")[:_MOST_RANGES]:
        match = _RANGE.fullmatch(part)
        if match and float(match[2] or 1) > 0:
            ranges.append((float(match[2] or 1), match[1]))
    return [tag for _, tag in sorted(ranges, key=lambda r: -r[0])]


def _candidates(wish: str, available: Sequence[str], default: str) -> Iterator[str]:
    known = {locale.lower(): locale for locale in available}
    relative = _RELATIVES.get(_canonical(wish), "")
    for locale in (wish, relative):
        if locale.lower() in known:
            yield known[locale.lower()]
    language = _language(wish)
    yield from sorted((a for a in available if _language(a) == language), key=lambda a: (a != default, a))


def _fulfils(locale: str, wish: str) -> bool:
    return locale.lower() == wish.lower() or locale.lower().startswith(f"{wish.lower()}-")


def _canonical(tag: str) -> str:
    language, _, region = tag.partition("-")
    return f"{language.lower()}-{region.upper()}"


def _language(tag: str) -> str:
    return tag.partition("-")[0].lower()
