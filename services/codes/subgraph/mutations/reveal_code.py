"""revealCode: support reads a fan her code, and the audit log knows."""

from typing import Annotated

import strawberry

from services.codes.subgraph.types import AccessCode, Info
from services.kit.types import ID, NotFound, typed
from services.kit.upstream import Problem


@strawberry.federation.input(tags=["admin"], description="Whose code is read.")
class RevealCodeInput:
    selection_id: ID = strawberry.field(description="The win whose code is asked for.")


@strawberry.federation.type(
    tags=["admin"],
    description="The code in clear. That it was revealed, to whom and when is in the audit log.",
)
class CodeRevealed:
    access_code: AccessCode = strawberry.field(description="The code, masked as for all staff.")
    value: str = strawberry.field(description="The code itself. Show it once; do not store it.")


RevealCodeResult = Annotated[
    CodeRevealed | NotFound,
    strawberry.federation.union("RevealCodeResult", description="What became of revealCode.", tags=["admin"]),
]
InputArgument = Annotated[RevealCodeInput, strawberry.argument(description="Whose code is read.")]


@strawberry.federation.mutation(
    description="Shows a winner's code in clear and records that in the audit log. Needs CODE_REVEAL on the campaign.",
    tags=["admin"],
)
async def reveal_code(info: Info, input: InputArgument) -> RevealCodeResult:
    try:
        revealed = await info.context.backend.reveal_code(input.selection_id)
    except Problem as problem:
        return typed(problem, NotFound)
    return CodeRevealed(access_code=AccessCode.of(revealed.code), value=revealed.value)
