"""What to tell a fan about an unmet requirement, in English, Spanish and French: of scores no more than that. Pure."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import babel

from services.kit.locales import LOCALES

_EN: Mapping[str, str] = {
    "CAMPAIGN_NOT_OPEN": "Registration is not open right now.",
    "PHONE_UNCONFIRMED": "Confirm your phone number.",
    "CARD_REQUIRED": "Verify a card: {values}.",
    "ACCOUNT_REQUIRED": "Link an account: {values}.",
    "IDENTITY_REQUIRED": "Verify your identity: {values}.",
    "MEMBERSHIP_REQUIRED": "This presale is for members. Sign in with your membership.",
    "EMAIL_REQUIRED": "Confirm an email address where you sign in, then sign in again.",
    "REGION_NOT_SERVED": "This presale is only for fans in {values}.",
    "SCORE_BELOW_MIN": "Your entry is not among those that this presale considers.",
    "SCORE_ABOVE_MAX": "Your entry is not among those that this presale considers.",
    "ALREADY_SELECTED": "You have been selected already.",
    "UNDER_REVIEW": "Your entry is being reviewed. There is nothing you need to do.",
    "INVALIDATED": "Your entry is no longer valid.",
    "WITHDRAWN": "You withdrew your entry. You can submit again while registration is open.",
}
_ES: Mapping[str, str] = {
    "CAMPAIGN_NOT_OPEN": "El registro no está abierto en este momento.",
    "PHONE_UNCONFIRMED": "Confirma tu número de teléfono.",
    "CARD_REQUIRED": "Verifica una tarjeta: {values}.",
    "ACCOUNT_REQUIRED": "Vincula una cuenta: {values}.",
    "IDENTITY_REQUIRED": "Verifica tu identidad: {values}.",
    "MEMBERSHIP_REQUIRED": "Esta preventa es para miembros. Inicia sesión con tu membresía.",
    "EMAIL_REQUIRED": "Confirma una dirección de correo donde inicias sesión y vuelve a iniciarla.",
    "REGION_NOT_SERVED": "Esta preventa es solo para fans en {values}.",
    "SCORE_BELOW_MIN": "Tu registro no está entre los que considera esta preventa.",
    "SCORE_ABOVE_MAX": "Tu registro no está entre los que considera esta preventa.",
    "ALREADY_SELECTED": "Ya has sido seleccionado.",
    "UNDER_REVIEW": "Tu registro está en revisión. No tienes que hacer nada.",
    "INVALIDATED": "Tu registro ya no es válido.",
    "WITHDRAWN": "Retiraste tu registro. Puedes enviarlo de nuevo mientras el registro esté abierto.",
}
_FR: Mapping[str, str] = {
    "CAMPAIGN_NOT_OPEN": "Les inscriptions ne sont pas ouvertes en ce moment.",
    "PHONE_UNCONFIRMED": "Confirmez votre numéro de téléphone.",
    "CARD_REQUIRED": "Vérifiez une carte : {values}.",
    "ACCOUNT_REQUIRED": "Associez un compte : {values}.",
    "IDENTITY_REQUIRED": "Vérifiez votre identité : {values}.",
    "MEMBERSHIP_REQUIRED": "Cette prévente est réservée aux membres. Connectez-vous avec votre adhésion.",
    "EMAIL_REQUIRED": "Confirmez une adresse courriel là où vous vous connectez, puis reconnectez-vous.",
    "REGION_NOT_SERVED": "Cette prévente est réservée aux fans des pays suivants : {values}.",
    "SCORE_BELOW_MIN": "Votre inscription ne fait pas partie de celles que cette prévente retient.",
    "SCORE_ABOVE_MAX": "Votre inscription ne fait pas partie de celles que cette prévente retient.",
    "ALREADY_SELECTED": "Vous avez déjà été sélectionné.",
    "UNDER_REVIEW": "Votre inscription est en cours d'examen. Vous n'avez rien à faire.",
    "INVALIDATED": "Votre inscription n'est plus valable.",
    "WITHDRAWN": "Vous avez retiré votre inscription. Vous pouvez la renvoyer tant que les inscriptions sont ouvertes.",
}
TEXTS: Mapping[str, Mapping[str, str]] = {"en": _EN, "es": _ES, "fr": _FR}
_BRANDS = {
    "VISA": "Visa",
    "MASTERCARD": "Mastercard",
    "AMEX": "American Express",
    "DISCOVER": "Discover",
    "VERIZON": "Verizon",
    "CITI": "Citi",
}
_OR = {"en": "or", "es": "o", "fr": "ou"}


def message(code: str, values: Sequence[str], accept_language: str | None) -> str:
    """The text for a requirement, naming what would meet it."""
    language = preferred_locale(accept_language).partition("-")[0]
    return TEXTS[language][code].format(
        values=_join([_name(value, language) for value in values], _OR[language])
    )


@lru_cache(maxsize=1000)
def preferred_locale(accept_language: str | None) -> str:
    """The served locale that an Accept-Language header asks for first; en-US when it asks for none of ours."""
    ranked: list[tuple[float, str]] = []
    for part in (accept_language or "").split(",")[:20]:
        tag, _, weight = part.partition(";")
        quality = weight.strip().removeprefix("q=") or "1"
        ranked.append(
            (float(quality) if quality.replace(".", "", 1).isdecimal() else 0.0, tag.strip().lower())
        )
    for quality, tag in sorted(ranked, key=lambda pair: -pair[0]):
        exact = next((locale for locale in LOCALES if locale.lower() == tag), None)
        similar = next(
            (locale for locale in LOCALES if tag and locale.partition("-")[0] == tag.partition("-")[0]), None
        )
        if quality > 0 and (exact or similar):
            return exact or similar or LOCALES[0]
    return LOCALES[0]


def _name(value: str, language: str) -> str:
    return _BRANDS.get(value) or babel.Locale(language).territories.get(value, value)


def _join(names: Sequence[str], conjunction: str) -> str:
    return f" {conjunction} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
