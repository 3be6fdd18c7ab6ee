"""ASU: a signed assertion (JWT) about the person, checked against the issuer's published keys."""

import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from services.kit.auth import BadToken, TokenVerifier
from services.kit.errors import Unavailable
from services.users.backend.proofs_provider import ProofSettings
from services.users.backend.proofs_rules import ProofRefused, ProviderUnavailable

_LONGEST_LIFE_SECONDS = 24 * 3600
_LEEWAY_SECONDS = 60
_LONGEST_ID = 255


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an issuer asserts: `id` is unique to the assertion, `usable_until` when nobody accepts it any more, and
    `valid_until` how long the issuer vouches for the person (None: it does not say).
    """

    id: str
    subject: str
    usable_until: datetime
    valid_until: datetime | None


class IdentitiesProvider:
    """The issuers of assertions, by tier. `offered` names the tiers that are configured."""

    def __init__(self, settings: ProofSettings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._verifiers: dict[str, TokenVerifier] = {}
        if settings.offers("asu"):
            self._verifiers["ASU"] = TokenVerifier(
                [settings.asu_issuer], settings.asu_audience, transport=transport
            )

    @property
    def offered(self) -> tuple[str, ...]:
        return tuple(self._verifiers)

    async def read(self, tier: str, assertion: str, nonce: str | None) -> Assertion:
        """Checks signature, issuer, audience, times and nonce. Raises ProofRefused, ProviderUnavailable."""
        verifier = self._verifiers[tier]
        try:
            await verifier.warm_up()
            principal = await verifier.authenticate(f"Bearer {assertion}".encode("latin-1"))
        except Unavailable as error:
            raise ProviderUnavailable from error
        except BadToken as error:
            raise _not_accepted(str(error)) from None
        if principal is None:
            raise _not_accepted("It is empty.")
        return _assertion(principal.subject, principal.claims, nonce)

    async def aclose(self) -> None:
        for verifier in self._verifiers.values():
            await verifier.aclose()


def _assertion(subject: str, claims: dict[str, Any], nonce: str | None) -> Assertion:
    id_, now = claims.get("jti"), time.time()
    if not isinstance(id_, str) or not 0 < len(id_) <= _LONGEST_ID or not id_.isprintable():
        raise _not_accepted("It carries no id (jti).")
    if claims["exp"] > now + _LONGEST_LIFE_SECONDS:
        raise _not_accepted("It could be used for more than a day.")
    if claims.get("nonce") != nonce:
        raise _not_accepted("Its nonce is not the one that was sent with it.")
    valid_until = claims.get("valid_until")
    if valid_until is not None and not _is_moment(valid_until):
        raise _not_accepted("Its valid_until is not a time.")
    if valid_until is not None and valid_until <= now:
        raise ProofRefused(
            "EXPIRED", "The identity provider does not vouch for you any more. Renew it there."
        )
    return Assertion(
        id=id_,
        subject=subject,
        usable_until=datetime.fromtimestamp(claims["exp"] + _LEEWAY_SECONDS, UTC),
        valid_until=None if valid_until is None else datetime.fromtimestamp(valid_until, UTC),
    )


def _is_moment(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and 0 < value < 1e11
    )


def _not_accepted(why: str) -> ProofRefused:
    return ProofRefused(
        "NOT_ACCEPTED", f"The assertion is not accepted. {why} Sign in at the identity provider again."
    )
