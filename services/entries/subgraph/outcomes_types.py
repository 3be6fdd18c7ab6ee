"""What can become of a registration besides success: the members of the mutations' result unions."""

from collections.abc import Sequence

import strawberry

from services.entries.subgraph import backend
from services.entries.subgraph.eligibility_types import EligibilityReason
from services.entries.subgraph.types import CampaignState, Entry
from services.kit import errors
from services.kit.types import DateTime, Error, RateLimited, ValidationIssue


@strawberry.type(
    description="This person has entered the campaign before, perhaps with another account; nothing was changed."
)
class AlreadyEntered(Error):
    entry: Entry = strawberry.field(description="The entry that is there.")


@strawberry.type(description="The campaign takes no registrations at this moment.")
class CampaignNotOpen(Error):
    state: CampaignState = strawberry.field(description="Where the campaign is now.")
    opens_at: DateTime = strawberry.field(description="When registration opens, or opened.")
    closes_at: DateTime = strawberry.field(description="When registration closes, or closed.")


@strawberry.type(description="The fan lacks what the campaign demands.")
class GateUnmet(Error):
    reasons: list[EligibilityReason] = strawberry.field(description="Each requirement that is not met.")


@strawberry.type(description="The ranked markets break a rule; nothing was written.")
class InvalidPreferences(Error):
    issues: list[ValidationIssue] = strawberry.field(
        description="Everything that is wrong with them, each with its path."
    )


def already_entered(entry: backend.Entry) -> AlreadyEntered:
    return AlreadyEntered(
        code="ALREADY_ENTERED",
        message="You have entered this campaign already. Change or withdraw that entry instead.",
        path=None,
        entry=Entry.of(entry),
    )


def campaign_not_open(outcome: backend.CampaignNotOpen, path: list[str] | None = None) -> CampaignNotOpen:
    return CampaignNotOpen(
        code="CAMPAIGN_NOT_OPEN",
        message="The campaign takes no registrations right now. See opensAt and closesAt.",
        path=path,
        state=CampaignState[outcome.state],
        opens_at=DateTime(outcome.opens_at),
        closes_at=DateTime(outcome.closes_at),
    )


def gate_unmet(reasons: Sequence[backend.Reason], accept_language: str | None) -> GateUnmet:
    return GateUnmet(
        code="GATE_UNMET",
        message="You do not meet all that this campaign asks for; see reasons.",
        path=None,
        reasons=[EligibilityReason.of(reason, accept_language) for reason in reasons],
    )


def invalid_preferences(issues: Sequence[backend.Issue]) -> InvalidPreferences:
    return InvalidPreferences(
        code="INVALID_PREFERENCES",
        message="The ranked markets have errors; see issues.",
        path=["preferences"],
        issues=validation_issues(issues),
    )


def rate_limited(busy: errors.RateLimited) -> RateLimited:
    return RateLimited(
        code=busy.code, message=busy.message, retry_after_seconds=busy.details["retry_after_seconds"]
    )


def validation_issues(issues: Sequence[backend.Issue]) -> list[ValidationIssue]:
    return [ValidationIssue(path=issue.path, code=issue.code, message=issue.message) for issue in issues]
