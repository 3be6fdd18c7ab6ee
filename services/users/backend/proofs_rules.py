"""Rules of proofs: what an input must look like, and what a refusal says. Pure: no I/O, no clock."""

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from services.kit.errors import DomainError, Invalid, Issue
from services.kit.wire import Whole

Refusal = Literal["NOT_ACCEPTED", "ALREADY_USED", "EXPIRED", "DECLINED", "UNSUPPORTED"]

MOST_CARDS = 10
BRANDS = {"visa": "VISA", "mastercard": "MASTERCARD", "amex": "AMEX", "discover": "DISCOVER"}
"""Card brands, from a processor's name to ours."""

_PAYMENT_TOKEN = re.compile(r"(?:pm|tok)_[A-Za-z0-9_]{4,250}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_DIGITS = re.compile(r"\d(?:[ .-]?\d){11,18}")
_LONGEST_CODE, _LONGEST_ASSERTION = 2048, 8192


class ProofRefused(DomainError):
    """A provider was asked and does not vouch for this; `reason` says in which way."""

    code = "PROOF_REFUSED"
    members: ClassVar[dict[str, Any]] = {"reason": Refusal}

    def __init__(self, reason: Refusal, message: str) -> None:
        super().__init__(message, reason=reason)
        self.reason = reason


class ProviderUnavailable(DomainError):
    """The provider does not answer, or not in a way that is understood; nothing was decided."""

    code = "PROVIDER_UNAVAILABLE"
    members: ClassVar[dict[str, Any]] = {"retry_after_seconds": Whole}

    def __init__(self, retry_after_seconds: int = 30) -> None:
        super().__init__(
            f"The provider cannot be asked right now. Try again in {retry_after_seconds} seconds.",
            retry_after_seconds=retry_after_seconds,
        )


class AccountAlreadyLinked(DomainError):
    """The provider's account is linked to another user."""

    code = "ACCOUNT_ALREADY_LINKED"


class IdentityAlreadyUsed(DomainError):
    """The person behind the assertion verified another user."""

    code = "IDENTITY_ALREADY_USED"


def check_offered(value: str, offered: Sequence[str], field: str) -> None:
    """Raises Invalid for a provider or tier that nothing is configured for."""
    if value not in offered:
        names = " or ".join(offered) or "none"
        raise invalid(field, "NOT_OFFERED", f"{field} {value} is not offered here; use {names}")


def check_authorization(redirect_uri: str, code_challenge: str | None, allowed: Sequence[str]) -> None:
    """What an authorization can be started with. Raises Invalid."""
    issues = _redirect_issues(redirect_uri, allowed)
    if code_challenge is not None and not _CHALLENGE.fullmatch(code_challenge):
        message = "codeChallenge must be the S256 challenge of RFC 7636: 43 characters of base64url"
        issues.append(Issue(["code_challenge"], "MALFORMED", message))
    _raise(issues)


def check_grant(code: str, verifier: str | None, redirect_uri: str | None, allowed: Sequence[str]) -> None:
    """What an authorization code can be exchanged with. Raises Invalid."""
    issues: list[Issue] = []
    if not 0 < len(code) <= _LONGEST_CODE or not (code.isascii() and code.isprintable()):
        message = "authorizationCode must be the code that the provider sent back, as it is"
        issues.append(Issue(["authorization_code"], "MALFORMED", message))
    if verifier is not None and not _VERIFIER.fullmatch(verifier):
        message = "codeVerifier must be 43 to 128 letters, digits, or any of -._~"
        issues.append(Issue(["code_verifier"], "MALFORMED", message))
    if redirect_uri is not None:
        issues += _redirect_issues(redirect_uri, allowed)
    _raise(issues)


def check_payment_token(token: str) -> None:
    """Raises Invalid for what is no token of the processor's, first of all for a card's number."""
    if holds_card_number(token):
        message = (
            "This looks like a card number, which must never be sent here. "
            "Send the token that the payment provider's SDK made of it."
        )
        raise invalid("payment_token", "CARD_NUMBER", message)
    if not _PAYMENT_TOKEN.fullmatch(token):
        message = "paymentToken must be what the payment provider's SDK answered, like pm_1Q…"
        raise invalid("payment_token", "MALFORMED", message)


def check_assertion(assertion: str) -> None:
    """Raises Invalid for what no signed assertion looks like."""
    if not 0 < len(assertion) <= _LONGEST_ASSERTION or not assertion.isascii() or assertion.count(".") != 2:
        message = "assertion must be the signed JWT that the identity provider issued"
        raise invalid("assertion", "MALFORMED", message)


def holds_card_number(text: str) -> bool:
    """Whether 12 to 19 digits in a row, spaced or not, check by Luhn as card numbers do."""
    candidates = (re.sub(r"\D", "", match[0]) for match in _DIGITS.finditer(text))
    return any(_luhn(digits) for digits in candidates)


def invalid(field: str, code: str, message: str) -> Invalid:
    """One thing that is wrong with one field."""
    return Invalid([Issue([field], code, message)])


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _redirect_issues(redirect_uri: str, allowed: Sequence[str]) -> list[Issue]:
    if redirect_uri in allowed:
        return []
    message = "redirectUri must be one of the pages that are registered for linking, to the letter"
    return [Issue(["redirect_uri"], "NOT_REGISTERED", message)]


def _raise(issues: list[Issue]) -> None:
    if issues:
        raise Invalid(issues)
