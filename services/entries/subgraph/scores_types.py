"""What an entry scores, and why. For staff alone: fans see neither."""

from enum import Enum
from typing import Self

import strawberry

from services.entries.subgraph import scores_backend as backend
from services.kit.types import DateTime

_MESSAGES = {
    "ACCOUNT_ESTABLISHED": "The account had been known for a year or longer when she registered.",
    "ACCOUNT_KNOWN": "The account had been known for 30 days or longer when she registered.",
    "PHONE_CONFIRMED": "A phone number is confirmed.",
    "PHONE_SHARED": "Another account with the same phone number has entered this campaign too.",
    "CODE_REDEEMED_BEFORE": "She bought tickets with a code of an earlier campaign.",
    "EMAIL_DISPOSABLE": "The email address is at a domain that hands out mailboxes to throw away.",
    "NETWORK_BUSY": "Very many registrations came from the same network in the same hour.",
    "DEVICE_BUSY": "Many registrations came from the same browser on the same network in the same hour.",
}


@strawberry.enum(description="What a score is made of.")
class ScoreReasonCode(Enum):
    ACCOUNT_ESTABLISHED = strawberry.enum_value(
        "ACCOUNT_ESTABLISHED", description="Adds: the account had been known for a year or longer."
    )
    ACCOUNT_KNOWN = strawberry.enum_value(
        "ACCOUNT_KNOWN", description="Adds: the account had been known for 30 days or longer."
    )
    PHONE_CONFIRMED = strawberry.enum_value(
        "PHONE_CONFIRMED", description="Adds: a phone number is confirmed."
    )
    CODE_REDEEMED_BEFORE = strawberry.enum_value(
        "CODE_REDEEMED_BEFORE", description="Adds: she bought with a code of an earlier campaign."
    )
    EMAIL_DISPOSABLE = strawberry.enum_value(
        "EMAIL_DISPOSABLE", description="Takes: a mailbox to throw away."
    )
    PHONE_SHARED = strawberry.enum_value(
        "PHONE_SHARED", description="Takes: another account with the same phone entered this campaign."
    )
    NETWORK_BUSY = strawberry.enum_value(
        "NETWORK_BUSY", description="Takes: very many registrations from one network in an hour."
    )
    DEVICE_BUSY = strawberry.enum_value(
        "DEVICE_BUSY", description="Takes: many registrations by one browser on one network in an hour."
    )
    EXTERNAL = strawberry.enum_value(
        "EXTERNAL", description="A reason of the outside scorer; `externalCode` says which."
    )


@strawberry.enum(description="Who scored.")
class ScoreSource(Enum):
    BUILT_IN = strawberry.enum_value("BUILT_IN", description="The platform's own rules.")
    EXTERNAL = strawberry.enum_value(
        "EXTERNAL",
        description="An outside scorer, by import or REST; its score counts before the built-in one.",
    )


@strawberry.federation.type(description="One thing that a score is made of.", tags=["admin"])
class ScoreReason:
    code: ScoreReasonCode = strawberry.field(description="Stable, machine-readable.")
    message: str = strawberry.field(description="What was found, in English, for staff.")
    external_code: str | None = strawberry.field(
        description="The outside scorer's own code; null for built-in reasons."
    )

    @classmethod
    def of(cls, code: str, source: str) -> Self:
        if source == ScoreSource.BUILT_IN.value and code in _MESSAGES:
            return cls(code=ScoreReasonCode(code), message=_MESSAGES[code], external_code=None)
        return cls(
            code=ScoreReasonCode.EXTERNAL, message=f"The outside scorer says {code}.", external_code=code
        )


@strawberry.federation.type(
    description="How far an entry looks like a fan's, and why. Fans never see it.", tags=["admin"]
)
class Score:
    value: float = strawberry.field(description="0 (least like a fan's) to 1 (most).")
    reasons: list[ScoreReason] = strawberry.field(
        description="What it is made of; empty when nothing stood out."
    )
    source: ScoreSource = strawberry.field(description="Who scored.")
    computed_at: DateTime = strawberry.field(description="When it came to this value.")

    @classmethod
    def of(cls, row: backend.Score) -> Self:
        """The graph's view of what the Entry Service answered."""
        return cls(
            value=row.value,
            reasons=[ScoreReason.of(code, row.source) for code in row.reasons],
            source=ScoreSource(row.source),
            computed_at=DateTime(row.computed_at),
        )
