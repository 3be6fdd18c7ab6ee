"""generateCodes: a pool gets fresh codes."""

from enum import Enum
from typing import Annotated

import strawberry

from services.codes.subgraph.pools_types import CodePool
from services.codes.subgraph.types import Info
from services.kit.types import ID, IdempotencyMismatch, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.enum(
    description="How generated codes are written. However they are written, they are good without dashes."
)
class CodeFormat(Enum):
    GROUPED = strawberry.enum_value("GROUPED", description="In groups of six: `7KQ2MX-R4WYPD-93HTZA`.")
    PLAIN = strawberry.enum_value("PLAIN", description="Without dashes: `7KQ2MXR4WYPD93HTZA`.")


@strawberry.federation.input(tags=["admin"], description="How many codes a pool gets.")
class GenerateCodesInput:
    pool_id: ID = strawberry.field(description="The pool.")
    count: int = strawberry.field(description="1 to 10,000. Call again for more.")
    format: CodeFormat = strawberry.field(
        description="How they are written; GROUPED unless given.", default=CodeFormat.GROUPED
    )
    idempotency_key: str | None = strawberry.field(
        description="1 to 200 characters of yours: the same key with the same input replays the first answer.",
        default=None,
    )


@strawberry.federation.type(tags=["admin"], description="The pool has fresh codes.")
class CodesGenerated:
    pool: CodePool = strawberry.field(description="The pool as it is now.")
    count: int = strawberry.field(description="How many codes were made.")
    replayed: bool = strawberry.field(
        description="True: this idempotencyKey was used before, and nothing was made."
    )


GenerateCodesResult = Annotated[
    CodesGenerated | NotFound | ValidationFailed | IdempotencyMismatch,
    strawberry.federation.union(
        "GenerateCodesResult", description="What became of generateCodes.", tags=["admin"]
    ),
]
InputArgument = Annotated[
    GenerateCodesInput, strawberry.argument(description="How many codes which pool gets.")
]


@strawberry.federation.mutation(
    description="Makes codes of 84 random bits, without look-alike characters and with a check character at the end. "
    "Needs CODE_MANAGE on the campaign.",
    tags=["admin"],
)
async def generate_codes(info: Info, input: InputArgument) -> GenerateCodesResult:
    try:
        made = await info.context.backend.generate_codes(
            input.pool_id, input.count, input.format.name, input.idempotency_key
        )
    except Problem as problem:
        return typed(problem, NotFound, ValidationFailed, IdempotencyMismatch)
    return CodesGenerated(pool=CodePool.of(made.pool), count=made.count, replayed=made.replayed)
