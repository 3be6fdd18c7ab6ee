"""resendCode: a code manager has a code sent to its owner once more."""

from typing import Annotated

import strawberry

from services.codes.subgraph.types import AccessCode, Info
from services.kit.types import ID, Error, IdempotencyMismatch, NotFound, RateLimited, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.federation.input(tags=["admin"], description="Which code is sent once more.")
class ResendCodeInput:
    code_id: ID = strawberry.field(description="The code.")
    idempotency_key: str | None = strawberry.field(
        description="1 to 200 characters of yours: the same key with the same input replays the first answer.",
        default=None,
    )


@strawberry.federation.type(tags=["admin"], description="The message is in line.")
class CodeResent:
    access_code: AccessCode = strawberry.field(description="The code; see its `deliveries`.")
    replayed: bool = strawberry.field(
        description="True: the key was used before, and nothing was put in line."
    )


@strawberry.federation.type(
    tags=["admin"], description="The code is not released to its owner yet, or was used already."
)
class NothingToSend(Error): ...


@strawberry.federation.type(tags=["admin"], description="The code was sent six times, which is all.")
class TooManyMessages(Error): ...


ResendCodeResult = Annotated[
    CodeResent
    | NothingToSend
    | TooManyMessages
    | RateLimited
    | IdempotencyMismatch
    | NotFound
    | ValidationFailed,
    strawberry.federation.union("ResendCodeResult", description="What became of resendCode.", tags=["admin"]),
]
InputArgument = Annotated[ResendCodeInput, strawberry.argument(description="Which code is sent once more.")]


@strawberry.federation.mutation(
    description="Sends a released code to its owner once more, ten minutes after the last message at the earliest. She "
    "is reached as she is reached now. Needs CODE_MANAGE on the campaign.",
    tags=["admin"],
)
async def resend_code(info: Info, input: InputArgument) -> ResendCodeResult:
    try:
        resent = await info.context.deliveries.backend.resend(input.code_id, input.idempotency_key)
    except Problem as problem:
        return typed(
            problem,
            NothingToSend,
            TooManyMessages,
            RateLimited,
            IdempotencyMismatch,
            NotFound,
            ValidationFailed,
        )
    return CodeResent(access_code=AccessCode.of(resent.code), replayed=resent.replayed)
