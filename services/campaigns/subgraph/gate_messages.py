"""A gate in words: one sentence that says what a fan needs to enter, in each locale that is served. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal

import babel
from babel.lists import format_list

Gate = dict[str, Any]
"""A gate as the Campaign Service writes it: one member, named for its kind."""

_Style = Literal["standard", "or"]
_COMPOUND: Mapping[str, _Style] = {"all_of": "standard", "any_of": "or"}
_NAMES = {
    "VISA": "Visa",
    "MASTERCARD": "Mastercard",
    "AMEX": "American Express",
    "DISCOVER": "Discover",
    "VERIZON": "Verizon",
    "CITI": "Citi",
}


@dataclass(frozen=True, kw_only=True)
class _Wording:
    """How a language says it. Each requirement is a noun phrase, so that any of them can stand in a list."""

    sentence: str
    card: str
    linked_account: str
    identity: str
    phone: str
    region: str
    membership: str
    either: str
    both: str
    every: str
    place: str = "{name}"
    places: Mapping[str, str] = field(default_factory=dict[str, str])


_ENGLISH = _Wording(
    sentence="To enter, you need {needs}.",
    card="a verified {names} card",
    linked_account="a linked {names} account",
    identity="an identity verified with photo ID and a selfie",
    phone="a confirmed phone number",
    region="a home address in {places}",
    membership="an active membership",
    either="either {needs}",
    both="both {needs}",
    every="all of {needs}",
    places={"US": "the {name}", "GB": "the {name}"},
)
_SPANISH = _Wording(
    sentence="Para registrarte necesitas {needs}.",
    card="una tarjeta {names} verificada",
    linked_account="una cuenta de {names} vinculada",
    identity="una identidad verificada con identificación oficial y una selfi",
    phone="un número de teléfono confirmado",
    region="un domicilio {places}",
    membership="una membresía vigente",
    either="ya sea {needs}",
    both="a la vez {needs}",
    every="a la vez {needs}",
    place="en {name}",
    places={"GB": "en el {name}"},
)
_FRENCH = _Wording(
    sentence="Pour vous inscrire, il vous faut {needs}.",
    card="une carte {names} vérifiée",
    linked_account="un compte {names} associé",
    identity="une identité vérifiée au moyen d’une pièce d’identité avec photo et d’un égoportrait",
    phone="un numéro de téléphone confirmé",
    region="une adresse de domicile {places}",
    membership="une adhésion en vigueur",
    either="au choix {needs}",
    both="à la fois {needs}",
    every="à la fois {needs}",
    place="au {name}",
    places={"US": "aux {name}", "IE": "en {name}"},
)

_WORDINGS: Mapping[str, _Wording] = {
    "en-US": _ENGLISH,
    "en-CA": replace(_ENGLISH, identity="an identity verified with government-issued photo ID and a selfie"),
    "en-GB": replace(_ENGLISH, membership="a current membership"),
    "en-IE": replace(_ENGLISH, membership="a current membership"),
    "en-MX": replace(_ENGLISH, identity="an identity verified with official photo ID and a selfie"),
    "es-US": replace(_SPANISH, identity="una identidad verificada con documento de identidad y una selfi"),
    "es-MX": _SPANISH,
    "fr-CA": _FRENCH,
}
# The English of Mexico is not in CLDR; the English of no country in particular has its order and its commas.
_CLDR = {"en-MX": "en_001"}


def explain(gate: Gate, locale: str) -> str:
    """The sentence for a gate, in one of the served locales.

    Lists in lists would be read wrongly: what is simple comes first, and a list in a list stands in brackets unless it
    is the only one, comes last and holds no other.
    """
    words = _WORDINGS[locale]
    return words.sentence.format(needs=_needs(_flat(gate), locale, words))


def _needs(gate: Gate, locale: str, words: _Wording) -> str:
    [(kind, value)] = gate.items()
    if kind not in _COMPOUND:
        return _requirement(kind, value, locale, words)
    simple = [part for part in value if not _is_compound(part)]
    compound = [part for part in value if _is_compound(part)]
    phrases = [_needs(part, locale, words) for part in simple]
    nested = [_nested(part, locale, words) for part in compound]
    alone = len(nested) == 1 and not any(map(_is_compound, _parts(compound[0])))
    return _list(
        [*phrases, *(nested if alone else (f"({each})" for each in nested))], _COMPOUND[kind], locale
    )


def _nested(gate: Gate, locale: str, words: _Wording) -> str:
    frame = words.either if "any_of" in gate else words.both if len(_parts(gate)) == 2 else words.every
    return frame.format(needs=_needs(gate, locale, words))


def _requirement(kind: str, value: Any, locale: str, words: _Wording) -> str:
    return _REQUIREMENTS[kind](value, locale, words)


def _named(frame: Callable[[_Wording], str], member: str) -> Callable[[Any, str, _Wording], str]:
    def say(value: Any, locale: str, words: _Wording) -> str:
        return frame(words).format(names=_list([_NAMES[name] for name in value[member]], "or", locale))

    return say


def _region(value: Any, locale: str, words: _Wording) -> str:
    names = _cldr(locale).territories
    places = [words.places.get(code, words.place).format(name=names[code]) for code in value["countries"]]
    return words.region.format(places=_list(places, "or", locale))


_REQUIREMENTS: Mapping[str, Callable[[Any, str, _Wording], str]] = {
    "card": _named(lambda words: words.card, "brands"),
    "linked_account": _named(lambda words: words.linked_account, "providers"),
    "identity": lambda _value, _locale, words: words.identity,
    "phone": lambda _value, _locale, words: words.phone,
    "region": _region,
    "membership": lambda _value, _locale, words: words.membership,
}


def _flat(gate: Gate) -> Gate:
    """The same gate without lists of one, and without lists of a kind inside a list of that kind."""
    [(kind, value)] = gate.items()
    if kind not in _COMPOUND:
        return gate
    parts: list[Gate] = []
    for part in map(_flat, value):
        parts += part.get(kind, [part])
    return parts[0] if len(parts) == 1 else {kind: parts}


def _is_compound(gate: Gate) -> bool:
    return not _COMPOUND.keys().isdisjoint(gate)


def _parts(gate: Gate) -> list[Gate]:
    [parts] = gate.values()
    return parts


def _list(phrases: Sequence[str], style: _Style, locale: str) -> str:
    return format_list(phrases, style=style, locale=_cldr(locale))


@cache
def _cldr(locale: str) -> babel.Locale:
    return babel.Locale.parse(_CLDR.get(locale, locale.replace("-", "_")))
