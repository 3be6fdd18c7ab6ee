"""createCodePool: an event gets its pool."""

from typing import Annotated

import strawberry

from services.codes.subgraph.pools_types import CodePool
from services.codes.subgraph.types import Info
from services.kit.types import ID, IdempotencyMismatch, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.federation.input(tags=["admin"], description="Which event gets a pool.")
class CreateCodePoolInput:
    event_id: ID = strawberry.field(description="The event. It has one pool at most.")
    low_watermark: int | None = strawberry.field(
        description="The number of available codes below which the pool is running low.", default=None
    )
    idempotency_key: str | None = strawberry.field(
        description="1 to 200 characters of yours: the same key with the same input replays the first answer.",
        default=None,
    )


@strawberry.federation.type(tags=["admin"], description="The event has a pool.")
class CodePoolCreated:
    pool: CodePool = strawberry.field(description="The event's pool as it is now.")
    replayed: bool = strawberry.field(
        description="True: the event had this pool already, and nothing changed."
    )


CreateCodePoolResult = Annotated[
    CodePoolCreated | NotFound | ValidationFailed | IdempotencyMismatch,
    strawberry.federation.union(
        "CreateCodePoolResult", description="What became of createCodePool.", tags=["admin"]
    ),
]
InputArgument = Annotated[CreateCodePoolInput, strawberry.argument(description="Which event gets a pool.")]


@strawberry.federation.mutation(
    description="Makes the pool that an event's codes go into. Needs CODE_MANAGE on the campaign.",
    tags=["admin"],
)
async def create_code_pool(info: Info, input: InputArgument) -> CreateCodePoolResult:
    try:
        made = await info.context.backend.make_pool(
            input.event_id, input.low_watermark, input.idempotency_key
        )
    except Problem as problem:
        return typed(problem, NotFound, ValidationFailed, IdempotencyMismatch)
    return CodePoolCreated(pool=CodePool.of(made.pool), replayed=made.replayed)
