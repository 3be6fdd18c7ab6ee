"""voidCode: a code manager withdraws a code for good."""

from typing import Annotated

import strawberry

from services.codes.subgraph.types import AccessCode, Info
from services.kit.types import ID, IllegalTransition, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.federation.input(tags=["admin"], description="Which code is withdrawn, and why.")
class VoidCodeInput:
    code_id: ID = strawberry.field(description="The code.")
    reason: str = strawberry.field(description="For your colleagues: 1 to 500 characters. Fans never see it.")


@strawberry.federation.type(tags=["admin"], description="The code is withdrawn.")
class CodeVoided:
    access_code: AccessCode = strawberry.field(description="The code as it is now.")
    replayed: bool = strawberry.field(description="True: it was withdrawn before, and nothing changed.")


VoidCodeResult = Annotated[
    CodeVoided | IllegalTransition | NotFound | ValidationFailed,
    strawberry.federation.union("VoidCodeResult", description="What became of voidCode.", tags=["admin"]),
]
InputArgument = Annotated[VoidCodeInput, strawberry.argument(description="Which code is withdrawn, and why.")]


@strawberry.federation.mutation(
    description="Withdraws a code for good: it opens nothing any more, goes to nobody, and a message that would "
    "bring it is "
    "called back. Its owner has no other until `reissueCode`. Codes that were redeemed, have expired or are "
    "being handed "
    "out are an IllegalTransition. Needs CODE_MANAGE on the campaign.",
    tags=["admin"],
)
async def void_code(info: Info, input: InputArgument) -> VoidCodeResult:
    try:
        voided = await info.context.voids.void(input.code_id, input.reason)
    except Problem as problem:
        return typed(problem, IllegalTransition, NotFound, ValidationFailed)
    return CodeVoided(access_code=AccessCode.of(voided.code), replayed=voided.replayed)
