"""What fans prove, as the graph shows it, and how a proof fails."""

from enum import Enum
from typing import Self

import strawberry

from services.kit.types import ID, DateTime, Error
from services.users.subgraph import proofs_backend as backend


@strawberry.enum(description="Who runs an account that can be linked.")
class AccountProvider(Enum):
    VERIZON = strawberry.enum_value("VERIZON", description="Verizon.")
    CITI = strawberry.enum_value("CITI", description="Citi.")


@strawberry.enum(description="A payment card's network.")
class CardBrand(Enum):
    VISA = strawberry.enum_value("VISA", description="Visa.")
    MASTERCARD = strawberry.enum_value("MASTERCARD", description="Mastercard.")
    AMEX = strawberry.enum_value("AMEX", description="American Express.")
    DISCOVER = strawberry.enum_value("DISCOVER", description="Discover.")


@strawberry.enum(description="How thoroughly an identity was verified.")
class IdentityTier(Enum):
    ASU = strawberry.enum_value(
        "ASU", description="Advanced sign-up: a document and a live picture were checked."
    )


@strawberry.enum(description="In which way a provider does not vouch for what was sent.")
class ProofRefusal(Enum):
    NOT_ACCEPTED = strawberry.enum_value(
        "NOT_ACCEPTED", description="It is not known there, wrong, or too old: begin again."
    )
    ALREADY_USED = strawberry.enum_value(
        "ALREADY_USED", description="It was used before, and counts once: begin again."
    )
    EXPIRED = strawberry.enum_value("EXPIRED", description="What it stands for has expired.")
    DECLINED = strawberry.enum_value("DECLINED", description="The card's bank does not confirm the card.")
    UNSUPPORTED = strawberry.enum_value(
        "UNSUPPORTED", description="It is real, but of a kind that does not count here."
    )


@strawberry.type(
    description="An account that the user linked; it counts for gates until it expires or she unlinks it."
)
class LinkedAccount:
    provider: AccountProvider = strawberry.field(description="Whose account it is.")
    linked_at: DateTime = strawberry.field(description="When it was linked.")
    expires_at: DateTime = strawberry.field(
        description="From when on it counts no more; linking again renews it."
    )

    @classmethod
    def of(cls, account: backend.LinkedAccount) -> Self:
        """The graph's view of what the User Service answered."""
        return cls(
            provider=AccountProvider(account.provider),
            linked_at=DateTime(account.linked_at),
            expires_at=DateTime(account.expires_at),
        )


@strawberry.type(description="A card that the user verified. Its number was never here.")
class VerifiedCard:
    id: ID = strawberry.field(description="Opaque id; remove the card by it.")
    brand: CardBrand = strawberry.field(description="Its brand.")
    last4: str = strawberry.field(description="The last four digits, for people to tell it from others.")
    verified_at: DateTime = strawberry.field(description="When it was verified last.")
    expires_at: DateTime = strawberry.field(
        description="The end of its last month; from then on it counts no more."
    )

    @classmethod
    def of(cls, card: backend.VerifiedCard) -> Self:
        """The graph's view of what the User Service answered."""
        return cls(
            id=ID(card.id),
            brand=CardBrand(card.brand),
            last4=card.last4,
            verified_at=DateTime(card.verified_at),
            expires_at=DateTime(card.expires_at),
        )


@strawberry.type(description="What an identity provider vouches for, until when.")
class IdentityVerification:
    tier: IdentityTier = strawberry.field(description="What is vouched for.")
    verified_at: DateTime = strawberry.field(description="When it was verified last.")
    expires_at: DateTime | None = strawberry.field(
        description="From when on it counts no more; verifying again renews it."
    )

    @classmethod
    def of(cls, verification: backend.IdentityVerification) -> Self:
        """The graph's view of what the User Service answered."""
        return cls(
            tier=IdentityTier(verification.tier),
            verified_at=DateTime(verification.verified_at),
            expires_at=DateTime(verification.expires_at),
        )


@strawberry.type(description="The provider was asked and does not vouch for this; nothing has changed.")
class ProofRefused(Error):
    reason: ProofRefusal = strawberry.field(
        description="In which way; `message` says what to do.", default=ProofRefusal.NOT_ACCEPTED
    )


@strawberry.type(
    description="The provider could not be asked; nothing has changed. The same input can be sent again."
)
class ProviderUnavailable(Error):
    retry_after_seconds: int = strawberry.field(
        description="When to try again, in seconds from now.", default=30
    )


@strawberry.type(
    description="This account of the provider is linked to another user. One account proves one fan: unlink it there "
    "first."
)
class AccountAlreadyLinked(Error): ...


@strawberry.type(
    description="The person whom the identity provider vouches for verified another user. Take it back there first."
)
class IdentityAlreadyUsed(Error): ...
