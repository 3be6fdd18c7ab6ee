"""Rules of phone verification: which numbers, which caps, which words. Pure: no I/O, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from services.kit.errors import DomainError, Invalid, Issue
from services.kit.locales import COUNTRIES, LOCALES
from services.kit.wire import Whole

_LOCALE_OF_REGION = {"US": "en-US", "CA": "en-CA", "GB": "en-GB", "IE": "en-IE", "MX": "es-MX"}
_TEXTS = {
    "en": "{code} is your verification code. It works for {minutes} minutes. Never share it with anyone.",
    "es": "{code} es tu código de verificación. Es válido por {minutes} minutos. No lo compartas con nadie.",
    "fr": "{code} est votre code de vérification. Il est valable {minutes} minutes. Ne le communiquez à personne.",
}
_SPEECHES = {
    "en": "Hello. Your verification code is: {code}. Never share it with anyone.",
    "es": "Hola. Tu código de verificación es: {code}. No lo compartas con nadie.",
    "fr": "Bonjour. Votre code de vérification est : {code}. Ne le communiquez à personne.",
}
_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
_HOUR, _DAY = 3600, 86400


class CodeIncorrect(DomainError):
    """The code is not the one that was sent; `attempts_left` more can be tried."""

    code = "CODE_INCORRECT"
    members: ClassVar[dict[str, Any]] = {"attempts_left": Whole}


class CodeExpired(DomainError):
    """The code is too old, or a newer one took its place."""

    code = "CODE_EXPIRED"


class AttemptsExhausted(DomainError):
    """All attempts at this code are spent."""

    code = "ATTEMPTS_EXHAUSTED"


@dataclass(frozen=True, slots=True)
class Number:
    """A phone number that text messages can reach. `region` is its ISO country."""

    e164: str
    region: str

    @property
    def served(self) -> bool:
        return self.region in COUNTRIES


def parse_number(text: str) -> Number:
    """A mobile number in E.164. Raises Invalid for what is none, and for what costs its owner or is no phone."""
    try:
        parsed = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise _invalid(
            "phone", "INVALID_NUMBER", "phone must be a number in E.164, like +12125550123"
        ) from None
    if not phonenumbers.is_valid_number(parsed):
        raise _invalid("phone", "INVALID_NUMBER", "phone is not a number that exists; check its digits")
    if phonenumbers.number_type(parsed) not in _MOBILE:
        raise _invalid(
            "phone", "NOT_A_MOBILE_NUMBER", "phone must be a mobile number that receives text messages"
        )
    region = phonenumbers.region_code_for_number(parsed) or "ZZ"
    return Number(phonenumbers.format_number(parsed, PhoneNumberFormat.E164), region)


def unreachable() -> Invalid:
    """The network says that no message will ever reach this number: a landline, a dead one, a country not served."""
    return _invalid(
        "phone",
        "NOT_REACHABLE",
        "phone cannot receive our messages. Check its digits, choose another channel, or use another number",
    )


def too_many_accounts(most: int) -> Invalid:
    """The right code, but the number has confirmed `most` other accounts already."""
    return _invalid(
        "verificationId",
        "TOO_MANY_ACCOUNTS",
        f"This number has confirmed {most} accounts already, as many as it may. Use another number",
    )


def check_channel(channel: str, offered: tuple[str, ...]) -> None:
    """Raises Invalid for a channel that no sender offers."""
    if channel not in offered:
        raise _invalid(
            "channel",
            "NOT_OFFERED",
            f"channel {channel} is not offered; use {' or '.join(offered) or 'none'}",
        )


def clean_code(text: str) -> str:
    """Six digits, typed with or without spaces and hyphens. Raises Invalid."""
    digits = text.replace(" ", "").replace("-", "")
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        raise _invalid("code", "MALFORMED", "code must be the six digits of the message")
    return digits


def message_locale(locale: str | None, number: Number) -> str:
    """The locale asked for, else that of the number's country, else American English."""
    return locale if locale in LOCALES else _LOCALE_OF_REGION.get(number.region, "en-US")


def message_text(code: str, minutes: int, locale: str, channel: str) -> str:
    """The words of the message; those of a call end with nothing that could be taken for the code."""
    texts = _SPEECHES if channel == "VOICE" else _TEXTS
    return texts[locale[:2]].format(code=code, minutes=minutes)


@dataclass(frozen=True, slots=True)
class Limits:
    """How many messages are sent before one is RateLimited: per day, from an address or to a country per hour."""

    resend_seconds: int
    per_number: int
    per_user: int
    per_ip: int
    per_country: int
    per_other_country: int
    daily_cents: int
    cents: int
    other_cents: int


@dataclass(frozen=True, slots=True)
class Counter:
    """One counter of `scope` for `key`: `weight` is added if the sum stays within `cap` in a window of `seconds`."""

    scope: str
    key: str
    cap: int
    seconds: int
    weight: int = 1

    @property
    def place(self) -> tuple[str, str]:
        return self.scope, self.key


def counters(
    limits: Limits, number: Number, *, user_id: str, number_key: str, ip_key: str | None
) -> list[Counter]:
    """Everything that one message is counted against."""
    cents, country_cap = limits.cents, limits.per_country
    if not number.served:
        cents, country_cap = limits.other_cents, limits.per_other_country
    found = [
        Counter("day", "all", limits.daily_cents, _DAY, cents),
        Counter("country", number.region, country_cap, _HOUR),
        Counter("number", number_key, limits.per_number, _DAY),
        Counter("resend", user_id, 1, limits.resend_seconds),
        Counter("user", user_id, limits.per_user, _DAY),
    ]
    if ip_key is not None:
        found.append(Counter("ip", ip_key, limits.per_ip, _HOUR))
    return [counter for counter in found if counter.seconds > 0]


class Ledger:
    """What counters hold, while messages are admitted one after another. `running` are those whose window is not over:
    how much they took and in how many seconds they end, by scope and key.
    """

    def __init__(self, running: Mapping[tuple[str, str], tuple[int, int]]) -> None:
        self._taken = {place: taken for place, (taken, _) in running.items()}
        self._wait = {place: wait for place, (_, wait) in running.items()}
        self.added: dict[tuple[str, str], Counter] = {}

    def admit(self, counters: Sequence[Counter]) -> dict[str, int]:
        """Counts one message everywhere, or nowhere when a counter is full; answers the full ones with their wait."""
        full = {
            c.scope: self._wait.get(c.place, c.seconds)
            for c in counters
            if self._taken.get(c.place, 0) + c.weight > c.cap
        }
        for counter in () if full else counters:
            self._taken[counter.place] = self._taken.get(counter.place, 0) + counter.weight
            before = self.added.get(counter.place)
            weight = counter.weight + (before.weight if before else 0)
            self.added[counter.place] = replace(counter, weight=weight)
        return full


REFUSALS = {
    "resend": "A code was sent a moment ago. Wait {seconds} seconds, then ask for another.",
    # Word for word the same, or the answer would tell whether somebody else uses that number.
    "number": "Too many codes were asked for today. Try again later.",
    "user": "Too many codes were asked for today. Try again later.",
    "ip": "Too many codes were asked for from your network. Try again later.",
    "country": "Too many codes are being sent to this country right now. Try again later.",
    "day": "No more codes can be sent right now. Try again later.",
}
"""What a full counter tells the fan, by its scope; the most particular one is told first."""


def refusal(full: dict[str, int]) -> tuple[int, str]:
    """Seconds to wait and what to say, from the wait of each full counter by scope."""
    seconds = max(1, *full.values())
    scope = next(scope for scope in REFUSALS if scope in full)
    return seconds, REFUSALS[scope].format(seconds=seconds)


def _invalid(field: str, code: str, message: str) -> Invalid:
    return Invalid([Issue([field], code, message)])
