"""reissueCode: a code manager gives a code's owner another one."""

from typing import Annotated

import strawberry

from services.codes.subgraph.mutations.assign_codes import InsufficientCodes
from services.codes.subgraph.types import AccessCode, Info
from services.kit.types import ID, IdempotencyMismatch, IllegalTransition, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.federation.input(tags=["admin"], description="Which code is replaced, and why.")
class ReissueCodeInput:
    code_id: ID = strawberry.field(description="The code that its owner can do without.")
    reason: str = strawberry.field(description="For your colleagues: 1 to 500 characters. Fans never see it.")
    idempotency_key: str | None = strawberry.field(
        description="1 to 200 characters of yours: the same key with the same input replays the first answer.",
        default=None,
    )


@strawberry.federation.type(tags=["admin"], description="The owner has another code.")
class CodeReissued:
    access_code: AccessCode = strawberry.field(description="The new code; `supersedes` is the one before it.")
    replayed: bool = strawberry.field(description="True: the key was used before, and nothing changed.")


ReissueCodeResult = Annotated[
    CodeReissued | InsufficientCodes | IllegalTransition | IdempotencyMismatch | NotFound | ValidationFailed,
    strawberry.federation.union(
        "ReissueCodeResult", description="What became of reissueCode.", tags=["admin"]
    ),
]
InputArgument = Annotated[
    ReissueCodeInput, strawberry.argument(description="Which code is replaced, and why.")
]


@strawberry.federation.mutation(
    description="Withdraws a code, unless `voidCode` did, and gives its owner the next one of the pool; it is "
    "sent to her as "
    "the first one was. A code is replaced once: after that the new one is. Codes that were redeemed or have "
    "expired are an "
    "IllegalTransition. Needs CODE_MANAGE on the campaign.",
    tags=["admin"],
)
async def reissue_code(info: Info, input: InputArgument) -> ReissueCodeResult:
    try:
        reissued = await info.context.voids.reissue(input.code_id, input.reason, input.idempotency_key)
    except Problem as problem:
        if problem.code == "INSUFFICIENT_CODES":
            return InsufficientCodes.of(problem, "codeId")
        return typed(problem, IllegalTransition, IdempotencyMismatch, NotFound, ValidationFailed)
    return CodeReissued(access_code=AccessCode.of(reissued.code), replayed=reissued.replayed)
