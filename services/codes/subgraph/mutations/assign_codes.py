"""assignCodes: the winners of a finalized wave get their codes, once."""

from typing import Annotated, Self

import msgspec
import strawberry

from services.codes.subgraph import backend
from services.codes.subgraph.distributions_types import CodeDistribution, CodeShortfall
from services.codes.subgraph.types import Info
from services.kit.types import ID, Error, IdempotencyMismatch, NotFound, typed
from services.kit.upstream import Problem


@strawberry.federation.input(tags=["admin"], description="Whose winners get their codes.")
class AssignCodesInput:
    wave_id: ID = strawberry.field(description="The wave. It must be FINALIZED.")
    idempotency_key: str | None = strawberry.field(
        description="1 to 200 characters of yours. Not needed to be safe: a wave is assigned once in any case.",
        default=None,
    )


@strawberry.federation.type(tags=["admin"], description="The wave's winners are being given their codes.")
class CodesAssignmentStarted:
    distribution: CodeDistribution = strawberry.field(
        description="The wave's one distribution: poll it by `codeDistribution`."
    )
    replayed: bool = strawberry.field(description="True: the wave was assigned before, and nothing changed.")


@strawberry.federation.type(
    tags=["admin"], description="A pool holds fewer codes than its event has winners; nothing was written."
)
class InsufficientCodes(Error):
    shortfalls: list[CodeShortfall] = strawberry.field(
        description="How many codes each event's pool lacks.", default_factory=list
    )

    @classmethod
    def of(cls, problem: Problem, path: str) -> Self:
        """What the Code Service answered to the input member `path`."""
        shortfalls = msgspec.convert(problem.members["shortfalls"], list[backend.Shortfall])
        return cls(
            code=problem.code,
            message=problem.detail,
            path=[path],
            shortfalls=[CodeShortfall.of(shortfall) for shortfall in shortfalls],
        )


@strawberry.federation.type(
    tags=["admin"], description="The wave's winners may still change: finalize it first."
)
class WaveNotFinalized(Error): ...


AssignCodesResult = Annotated[
    CodesAssignmentStarted | InsufficientCodes | WaveNotFinalized | IdempotencyMismatch | NotFound,
    strawberry.federation.union(
        "AssignCodesResult", description="What became of assignCodes.", tags=["admin"]
    ),
]
InputArgument = Annotated[AssignCodesInput, strawberry.argument(description="Whose winners get their codes.")]


@strawberry.federation.mutation(
    description="Gives each winner of a finalized wave one code of the event she won, and releases them all when the "
    "last one has hers. Repeated, at any time and by anyone, it changes nothing. Needs CODE_MANAGE on the campaign.",
    tags=["admin"],
)
async def assign_codes(info: Info, input: InputArgument) -> AssignCodesResult:
    try:
        started = await info.context.backend.assign_codes(input.wave_id, input.idempotency_key)
    except Problem as problem:
        if problem.code == "INSUFFICIENT_CODES":
            return InsufficientCodes.of(problem, "waveId")
        return typed(problem, WaveNotFinalized, IdempotencyMismatch, NotFound)
    return CodesAssignmentStarted(
        distribution=CodeDistribution.of(started.distribution), replayed=started.replayed
    )
