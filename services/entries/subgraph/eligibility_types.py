"""Why a fan can or cannot take part, in her language."""

from collections.abc import Sequence
from enum import Enum
from typing import Self

import strawberry

from services.entries.subgraph import backend
from services.entries.subgraph.eligibility_rules import message


@strawberry.enum(description="Why a fan or an entry cannot take part.")
class EligibilityCode(Enum):
    CAMPAIGN_NOT_OPEN = strawberry.enum_value(
        "CAMPAIGN_NOT_OPEN", description="The campaign takes no registrations right now."
    )
    PHONE_UNCONFIRMED = strawberry.enum_value(
        "PHONE_UNCONFIRMED", description="A phone number must be confirmed."
    )
    CARD_REQUIRED = strawberry.enum_value(
        "CARD_REQUIRED", description="A card of one of certain brands must be verified."
    )
    ACCOUNT_REQUIRED = strawberry.enum_value(
        "ACCOUNT_REQUIRED", description="An account of one of certain partners must be linked."
    )
    IDENTITY_REQUIRED = strawberry.enum_value(
        "IDENTITY_REQUIRED", description="An identity must be verified."
    )
    MEMBERSHIP_REQUIRED = strawberry.enum_value("MEMBERSHIP_REQUIRED", description="A membership is needed.")
    EMAIL_REQUIRED = strawberry.enum_value(
        "EMAIL_REQUIRED", description="A confirmed email address is needed, by which a person can enter once."
    )
    REGION_NOT_SERVED = strawberry.enum_value(
        "REGION_NOT_SERVED", description="The fan lives where the campaign does not sell."
    )
    SCORE_BELOW_MIN = strawberry.enum_value(
        "SCORE_BELOW_MIN", description="The score is below the campaign's range."
    )
    SCORE_ABOVE_MAX = strawberry.enum_value(
        "SCORE_ABOVE_MAX", description="The score is above the campaign's range."
    )
    ALREADY_SELECTED = strawberry.enum_value(
        "ALREADY_SELECTED", description="The entry was selected in an earlier wave."
    )
    UNDER_REVIEW = strawberry.enum_value("UNDER_REVIEW", description="The entry is being looked at.")
    INVALIDATED = strawberry.enum_value("INVALIDATED", description="The entry is out for good.")
    WITHDRAWN = strawberry.enum_value("WITHDRAWN", description="The fan took her entry back.")


@strawberry.type(description="One requirement that is not met.")
class EligibilityReason:
    code: EligibilityCode = strawberry.field(description="Stable, machine-readable.")
    message: str = strawberry.field(
        description="What is missing and what to do, in the language of the field's `locale`, else of Accept-Language."
    )

    @classmethod
    def of(cls, reason: backend.Reason, accept_language: str | None) -> Self:
        return cls(
            code=EligibilityCode[reason.code], message=message(reason.code, reason.values, accept_language)
        )


@strawberry.type(description="Whether a fan or an entry can take part.")
class Eligibility:
    eligible: bool = strawberry.field(description="True when nothing stands against it.")
    reasons: list[EligibilityReason] = strawberry.field(
        description="What stands against it; empty when eligible."
    )

    @classmethod
    def of(cls, reasons: Sequence[backend.Reason], accept_language: str | None) -> Self:
        """The graph's view of unmet requirements."""
        return cls(
            eligible=not reasons,
            reasons=[EligibilityReason.of(reason, accept_language) for reason in reasons],
        )
