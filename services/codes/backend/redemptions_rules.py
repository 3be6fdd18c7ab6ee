"""What a report of a redemption is worth. Pure: no I/O, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    """What became of a report; all but CONFLICT is kept under the platform's id of it."""

    ACCEPTED = "ACCEPTED"
    EARLY = "EARLY"
    UNKNOWN_CODE = "UNKNOWN_CODE"
    WRONG_ACCOUNT = "WRONG_ACCOUNT"
    OVER_REDEEMED = "OVER_REDEEMED"
    VOIDED = "VOIDED"
    CONFLICT = "CONFLICT"


MESSAGES = {
    Outcome.ACCEPTED: "The redemption is counted.",
    Outcome.EARLY: "The code is not assigned yet. The redemption is kept, and counts once it is.",
    Outcome.UNKNOWN_CODE: "There is no such code. Check it, then report again under another externalId.",
    Outcome.WRONG_ACCOUNT: "The code is bound to another account than the one given. Refuse the sale.",
    Outcome.OVER_REDEEMED: "The code was used for as many tickets as it is good for. Refuse the sale.",
    Outcome.VOIDED: "The code was withdrawn. Refuse the sale.",
    Outcome.CONFLICT: "This externalId was used before for a different report, which stands. Use a new one.",
}


@dataclass(frozen=True, slots=True)
class Report:
    """What the rules look at in a report: how many tickets, when they were sold, and to whom (a user's id)."""

    quantity: int
    redeemed_at: datetime
    account: str | None


@dataclass(frozen=True, slots=True)
class Held:
    """A code that somebody has. `limit` is in tickets, `redeemed` those bought with it, in `redemptions` purchases."""

    user_id: str
    code_mode: str | None
    limit: int
    redeemed: int
    redemptions: int
    closes_at: datetime | None
    voided: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """`late`: sold after the presale had closed. It counts all the same, for the tickets are gone."""

    outcome: Outcome
    late: bool = False


def judge(code: Held, reports: Sequence[Report]) -> list[Verdict]:
    """One verdict for each report on a code, in the order in which they came.

    A code is good for its limit of tickets. SINGLE_USE: in one purchase; ACCOUNT_BOUND: by the account that won it,
    which the platform must name.
    """
    redeemed, redemptions = code.redeemed, code.redemptions
    verdicts: list[Verdict] = []
    for report in reports:
        if code.voided:
            verdicts.append(Verdict(Outcome.VOIDED))
        elif code.code_mode == "ACCOUNT_BOUND" and report.account != code.user_id:
            verdicts.append(Verdict(Outcome.WRONG_ACCOUNT))
        elif redeemed + report.quantity > code.limit or (code.code_mode == "SINGLE_USE" and redemptions):
            verdicts.append(Verdict(Outcome.OVER_REDEEMED))
        else:
            redeemed, redemptions = redeemed + report.quantity, redemptions + 1
            late = code.closes_at is not None and report.redeemed_at >= code.closes_at
            verdicts.append(Verdict(Outcome.ACCEPTED, late))
    return verdicts
