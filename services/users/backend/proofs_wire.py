"""The wire format of proofs: linked accounts, cards and identity tiers, as they are asked for and answered."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from services.kit.wire import Moment
from services.users.backend.wire import IdempotencyKey, Keys

Provider = Literal["VERIZON", "CITI"]
Tier = Literal["ASU"]
Text = Annotated[str, Meta(max_length=10_000)]


Brand = Literal["VISA", "MASTERCARD", "AMEX", "DISCOVER"]


class LinkedAccount(msgspec.Struct):
    """An account at a provider. That it is the user's counts until `expires_at`."""

    provider: Provider
    linked_at: Moment
    expires_at: Moment


class VerifiedCard(msgspec.Struct):
    """A card that the processor knows. It counts until its last month is over."""

    id: str
    brand: Brand
    last4: str
    verified_at: Moment
    expires_at: Moment


class IdentityVerification(msgspec.Struct):
    """A tier that an issuer vouched for."""

    tier: Tier
    verified_at: Moment
    expires_at: Moment


class UserProofs(msgspec.Struct):
    """What a user has proved and what of it counts now."""

    user_id: str
    accounts: list[LinkedAccount]
    cards: list[VerifiedCard]
    identity: IdentityVerification | None


class UsersProofs(msgspec.Struct):
    """One per id that was asked for; an unknown user has proved nothing."""

    proofs: list[UserProofs]


class UserIds(msgspec.Struct):
    ids: Keys


class StartLink(msgspec.Struct):
    """For which provider an authorization begins, where it ends, and its S256 challenge (RFC 7636)."""

    provider: Provider
    redirect_uri: Text
    code_challenge: Text | None = None


class LinkStarted(msgspec.Struct):
    """Where the browser goes, and the state that it must come back with before `expires_at`."""

    authorization_url: str
    state: str
    expires_at: Moment


class LinkAccount(msgspec.Struct):
    """An authorization code, and what it was asked for with."""

    provider: Provider
    authorization_code: Text
    code_verifier: Text | None = None
    redirect_uri: Text | None = None
    state: Text | None = None
    idempotency_key: IdempotencyKey | None = None


class AccountAnswer(msgspec.Struct):
    account: LinkedAccount
    replayed: bool = False


class VerifyCard(msgspec.Struct):
    """A token of the processor's SDK; never a card's number."""

    payment_token: Text
    idempotency_key: IdempotencyKey | None = None


class CardAnswer(msgspec.Struct):
    card: VerifiedCard
    replayed: bool = False


class VerifyIdentity(msgspec.Struct):
    """An issuer's signed assertion, and the nonce that it was asked for with."""

    tier: Tier
    assertion: Text
    nonce: Text | None = None
    idempotency_key: IdempotencyKey | None = None


class IdentityAnswer(msgspec.Struct):
    verification: IdentityVerification
    replayed: bool = False
