"""What a fan's browser would bring back from a provider: authorization codes, payment tokens, assertions."""

import base64
import hashlib
import json
import re
import secrets
import time
from dataclasses import dataclass

from scripts.devtools.tokens import Mint

ASU_AUDIENCE = "monoql-identity"
_PAYMENT_METHOD = re.compile(
    r"(?:pm|tok)_(?P<brand>[a-z]+)_(?P<last4>\d{4})_(?P<month>\d{2})(?P<year>\d{2})_(?P<holder>\w+)"
)


@dataclass(frozen=True)
class Grant:
    """What an authorization code stands for."""

    subject: str
    redirect_uri: str | None = None
    code_challenge: str | None = None


def authorization_code(grant: Grant) -> str:
    """A code that the development providers exchange once. `grant.subject` is the account's id there."""
    body = {**vars(grant), "nonce": secrets.token_hex(8)}
    return base64.urlsafe_b64encode(json.dumps(body).encode()).decode().rstrip("=")


def read_code(code: str) -> Grant | None:
    """What a code stands for; None for what is no code of ours."""
    try:
        body = json.loads(base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)))
        return Grant(str(body["subject"]), body.get("redirect_uri"), body.get("code_challenge"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def challenge_of(verifier: str) -> str:
    """The S256 code challenge of RFC 7636."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def payment_method(brand: str, last4: str, expires: str, holder: str) -> str:
    """A token of a card with these facts; `expires` is MMYY. The same facts are the same card."""
    return f"pm_{brand.lower()}_{last4}_{expires}_{re.sub(r'[^A-Za-z0-9]', '', holder)}"


@dataclass(frozen=True)
class CardFacts:
    """What a token of `payment_method` stands for."""

    brand: str
    last4: str
    month: int
    year: int
    fingerprint: str


def read_payment_method(token: str) -> CardFacts | None:
    """What a token stands for; None for what is no token of ours."""
    found = _PAYMENT_METHOD.fullmatch(token)
    if found is None:
        return None
    facts = token.partition("_")[2]
    fingerprint = hashlib.sha256(facts.encode()).hexdigest()[:16]
    return CardFacts(
        found["brand"], found["last4"], int(found["month"]), 2000 + int(found["year"]), fingerprint
    )


def assertion(mint: Mint, subject: str, issuer: str, *, expires_in: float = 300, **claims: object) -> str:
    """A signed assertion about a person. `claims` replace the usual ones; None leaves a claim out."""
    now = int(time.time())
    usual: dict[str, object] = {
        "iss": issuer,
        "aud": ASU_AUDIENCE,
        "sub": subject,
        "iat": now,
        "exp": now + expires_in,
        "jti": secrets.token_hex(16),
    }
    return mint.sign({name: value for name, value in {**usual, **claims}.items() if value is not None})
