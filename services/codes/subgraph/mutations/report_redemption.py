"""reportRedemption: a code manager, or a platform's service account, says that a code was used."""

from typing import Annotated, Any

import strawberry

from services.codes.subgraph.redemptions_backend import Reported
from services.codes.subgraph.types import AccessCode, Info
from services.kit.types import DateTime, Error, NotFound, ValidationFailed, format_datetime, typed
from services.kit.upstream import Problem


@strawberry.federation.input(tags=["admin"], description="Which code was used, and for what.")
class ReportRedemptionInput:
    code: str = strawberry.field(description="The code itself, in any spelling.")
    platform: str = strawberry.field(
        description="The ticketing platform, like `axs`: 1 to 40 of a-z, 0-9 and `-`."
    )
    external_id: str = strawberry.field(
        description="The platform's own id of the purchase, 1 to 200 characters. It makes the report safe to repeat: "
        "the same one again changes nothing."
    )
    quantity: int = strawberry.field(description="How many tickets were bought.", default=1)
    redeemed_at: DateTime | None = strawberry.field(
        description="When it was sold; now when left out.", default=None
    )
    account: str | None = strawberry.field(
        description="Whom it was sold to: a MonoQL user id, or `issuer|subject` of the identity provider that the shop "
        "shares. Needed for ACCOUNT_BOUND codes.",
        default=None,
    )


@strawberry.federation.type(tags=["admin"], description="The report is kept.")
class RedemptionReported:
    access_code: AccessCode = strawberry.field(description="The code as it is now.")
    early: bool = strawberry.field(
        description="True: the code is not assigned yet; the redemption counts once it is."
    )
    replayed: bool = strawberry.field(description="True: it was reported before, and nothing changed.")


@strawberry.federation.type(
    tags=["admin"],
    description="The code was used for as many tickets as it is good for, or was for one purchase only. The report is "
    "kept and counts for nothing: refuse the sale.",
)
class OverRedeemed(Error): ...


@strawberry.federation.type(
    tags=["admin"],
    description="The code is bound to another account. The report is kept and counts for nothing: refuse the sale.",
)
class WrongAccount(Error): ...


@strawberry.federation.type(
    tags=["admin"],
    description="The code was withdrawn. The report is kept and counts for nothing: refuse the sale.",
)
class CodeIsVoid(Error): ...


@strawberry.federation.type(
    tags=["admin"],
    description="This platform used this externalId before for a different report, which stands.",
)
class RedemptionConflict(Error): ...


ReportRedemptionResult = Annotated[
    RedemptionReported
    | OverRedeemed
    | WrongAccount
    | CodeIsVoid
    | RedemptionConflict
    | ValidationFailed
    | NotFound,
    strawberry.federation.union(
        "ReportRedemptionResult", description="What became of reportRedemption.", tags=["admin"]
    ),
]
InputArgument = Annotated[
    ReportRedemptionInput, strawberry.argument(description="Which code was used, and for what.")
]
_REFUSED: dict[str, tuple[type[Any], str]] = {
    "OVER_REDEEMED": (OverRedeemed, "quantity"),
    "WRONG_ACCOUNT": (WrongAccount, "account"),
    "VOIDED": (CodeIsVoid, "code"),
    "CONFLICT": (RedemptionConflict, "externalId"),
    "UNKNOWN_CODE": (NotFound, "code"),
}


@strawberry.federation.mutation(
    description="Reports that a code was used, as platforms do by signed webhook. Needs CODE_MANAGE on the campaign.",
    tags=["admin"],
)
async def report_redemption(info: Info, input: InputArgument) -> ReportRedemptionResult:
    try:
        reported = await info.context.redemptions.backend.report(_report(input))
    except Problem as problem:
        return typed(problem, ValidationFailed)
    return await _result(info, reported)


def _report(input: ReportRedemptionInput) -> dict[str, Any]:
    return {
        "platform": input.platform,
        "externalId": input.external_id,
        "code": input.code,
        "quantity": input.quantity,
        "redeemedAt": input.redeemed_at and format_datetime(input.redeemed_at),
        "account": input.account,
    }


async def _result(info: Info, reported: Reported) -> ReportRedemptionResult:
    if reported.outcome in _REFUSED:
        member, field = _REFUSED[reported.outcome]
        return member(code=reported.outcome, message=reported.message, path=[field])
    code = reported.code_id and await info.context.code_by_id.load(reported.code_id)
    if not code:
        return NotFound(code="NOT_FOUND", message="There is no such code.", path=["code"])
    return RedemptionReported(
        access_code=AccessCode.of(code), early=reported.outcome == "EARLY", replayed=reported.replayed
    )
