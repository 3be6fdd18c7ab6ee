"""Redemptions on the wire: what platforms send, what they are answered, and what is told to entries."""

from typing import Annotated

import msgspec
from msgspec import Meta

from services.codes.backend.redemptions_rules import Outcome
from services.codes.backend.wire import Ids, Scope
from services.kit.wire import ONE_FOR_EACH, Moment, Whole

Platform = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
ExternalId = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
GivenCode = Annotated[str, Meta(min_length=1, max_length=200)]
_YEARS = range(2000, 2100)


class Report(msgspec.Struct, frozen=True, rename="camel"):
    """A purchase with a code. `externalId` is the platform's own id of it: the same one again changes nothing.

    `quantity` is in tickets. `redeemedAt` is when it was sold, now when left out. `account` is whom it was sold to: a
    MonoQL user id (`usr_…`), or `issuer|subject` where the shop signs fans in with the same identity provider.
    """

    external_id: ExternalId
    code: GivenCode
    quantity: Annotated[int, Meta(ge=1, le=1000)] = 1
    redeemed_at: Moment | None = None
    account: Annotated[str, Meta(min_length=1, max_length=500)] | None = None

    def __post_init__(self) -> None:
        if self.redeemed_at and self.redeemed_at.year not in _YEARS:
            raise ValueError("redeemedAt must be a date of this century")


class Reports(msgspec.Struct, frozen=True):
    """Up to 500 reports of one platform."""

    redemptions: Annotated[list[Report], Meta(min_length=1, max_length=500)]


class Result(msgspec.Struct, frozen=True, rename="camel"):
    """What became of one report. `replayed`: it was there already, and nothing changed; `message` is for people."""

    external_id: str
    outcome: Outcome
    replayed: bool
    message: str


class Results(msgspec.Struct, frozen=True):
    """`results[i]` answers the request's `redemptions[i]`."""

    results: Annotated[list[Result], ONE_FOR_EACH]


class ReportByHand(Report, frozen=True, rename="camel", kw_only=True):
    """A report of a code manager, or of a service account, on behalf of a platform."""

    platform: Platform


class Reported(msgspec.Struct, frozen=True):
    """What became of a report; `code_id` is null where nobody knows the code."""

    code_id: str | None
    outcome: Outcome
    replayed: bool
    message: str


class Redemption(msgspec.Struct, frozen=True):
    """A purchase that counts. `late`: sold after the presale had closed."""

    code_id: str
    platform: str
    external_id: str
    at: Moment
    quantity: Whole
    late: bool


class Redemptions(msgspec.Struct, frozen=True):
    """By code, oldest first."""

    redemptions: list[Redemption]


class GivenCodes(msgspec.Struct, frozen=True):
    """Codes as somebody typed them."""

    codes: Annotated[list[GivenCode], Meta(max_length=1000)]


class CodeScopes(msgspec.Struct, frozen=True):
    """`scopes[i]` answers `codes[i]`; its `id` is the code's."""

    scopes: Annotated[list[Scope | None], ONE_FOR_EACH]


class CodeIds(msgspec.Struct, frozen=True):
    ids: Ids


class RedemptionSnapshot(msgspec.Struct, frozen=True):
    """What the Entry Service is told: tickets bought with a selection's code, and what became of it: ASSIGNED (again),
    REDEEMED, EXPIRED or VOIDED. `version` grows with each change, also when another code takes its place.
    """

    selection_id: str
    quantity: Whole
    version: Whole
    outcome: str = "REDEEMED"
