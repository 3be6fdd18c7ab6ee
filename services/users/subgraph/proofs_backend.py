"""The User Service's proofs and consents as this subgraph calls them: the only file that knows their HTTP paths."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from services.kit.upstream import Upstream, segment


class LinkedAccount(msgspec.Struct):
    """An account at a provider; see the User Service's OpenAPI document."""

    provider: str
    linked_at: datetime
    expires_at: datetime


class VerifiedCard(msgspec.Struct):
    """What may be known of a card."""

    id: str
    brand: str
    last4: str
    verified_at: datetime
    expires_at: datetime


class IdentityVerification(msgspec.Struct):
    tier: str
    verified_at: datetime
    expires_at: datetime


class UserProofs(msgspec.Struct):
    """What a user has proved and what of it counts now."""

    user_id: str
    accounts: list[LinkedAccount]
    cards: list[VerifiedCard]
    identity: IdentityVerification | None


class LinkStarted(msgspec.Struct):
    authorization_url: str
    state: str
    expires_at: datetime


class AccountAnswer(msgspec.Struct):
    account: LinkedAccount
    replayed: bool = False


class CardAnswer(msgspec.Struct):
    card: VerifiedCard
    replayed: bool = False


class IdentityAnswer(msgspec.Struct):
    verification: IdentityVerification
    replayed: bool = False


class Consent(msgspec.Struct):
    """What holds for a user, campaign and purpose."""

    user_id: str
    campaign_id: str
    purpose: str
    granted: bool
    at: datetime


class ConsentAnswer(msgspec.Struct):
    consent: Consent
    replayed: bool = False


class _Proofs(msgspec.Struct):
    proofs: list[UserProofs]


class _Consents(msgspec.Struct):
    consents: list[Consent]


class ProofsBackend:
    """Calls of one request, on behalf of `actor`. Whose proofs she may read is asked before."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self._upstream = upstream
        self._actor = actor

    async def proofs(self, ids: Sequence[str]) -> list[UserProofs]:
        """What users have proved."""
        call = self._upstream.call("POST", "/users/proofs", _Proofs, {"ids": ids}, idempotent=True)
        return (await call).proofs

    async def consents(self, ids: Sequence[str]) -> list[Consent]:
        """What holds for users, by campaign and purpose."""
        call = self._upstream.call("POST", "/users/consents", _Consents, {"ids": ids}, idempotent=True)
        return (await call).consents

    async def start_link(self, request: Mapping[str, Any]) -> LinkStarted:
        """Where the actor grants a link."""
        return await self._send("/linked-accounts/authorizations", LinkStarted, request)

    async def link(self, request: Mapping[str, Any]) -> AccountAnswer:
        """Links the actor's account by an authorization code."""
        return await self._send("/linked-accounts", AccountAnswer, request)

    async def unlink(self, provider: str) -> LinkedAccount:
        """Ends the actor's link."""
        return await self._delete(f"/linked-accounts/{segment(provider)}", LinkedAccount)

    async def verify_card(self, request: Mapping[str, Any]) -> CardAnswer:
        """Keeps the actor's card by a payment token."""
        return await self._send("/verified-cards", CardAnswer, request)

    async def remove_card(self, id: str) -> VerifiedCard:
        """Removes a card of the actor."""
        return await self._delete(f"/verified-cards/{segment(id)}", VerifiedCard)

    async def verify_identity(self, request: Mapping[str, Any]) -> IdentityAnswer:
        """Keeps the actor's identity tier by an assertion."""
        return await self._send("/identity-verifications", IdentityAnswer, request)

    async def revoke_identity(self, tier: str) -> IdentityVerification:
        """Takes the actor's identity tier back."""
        return await self._delete(f"/identity-verifications/{segment(tier)}", IdentityVerification)

    async def record_consent(self, request: Mapping[str, Any]) -> ConsentAnswer:
        """Records what the actor grants or withdraws."""
        return await self._send("/consents", ConsentAnswer, request)

    async def _send(self, path: str, returns: type[Any], body: Any) -> Any:
        return await self._upstream.call("POST", path, returns, body, actor=self._actor)

    async def _delete(self, path: str, returns: type[Any]) -> Any:
        return await self._upstream.call("DELETE", path, returns, actor=self._actor)
