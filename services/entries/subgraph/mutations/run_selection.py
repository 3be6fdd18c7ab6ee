"""runSelection: has a committed wave drawn."""

from typing import Annotated

import strawberry

from services.entries.subgraph.types import Info
from services.entries.subgraph.waves_types import CampaignStillOpen, RosterNotFrozen, SelectionJob, Wave
from services.kit.errors import Unavailable
from services.kit.types import ID, IdempotencyMismatch, IllegalTransition, NotFound, ValidationFailed, typed
from services.kit.upstream import NOT_UNDERSTOOD, Problem


@strawberry.input(description="Which wave to draw.")
class RunSelectionInput:
    wave_id: ID = strawberry.field(description="The wave.")
    beacon_value: str | None = strawberry.field(
        description="The result of the beacon that was announced at the commitment, exactly as it was "
        "published, 1 to 1,000 "
        "characters; left out when none was.",
        default=None,
    )
    idempotency_key: str | None = strawberry.field(
        description="1 to 200 characters that name this attempt: repeating it answers what the first try answered.",
        default=None,
    )


@strawberry.type(description="The draw is handed to the worker: poll `wave.job` until it has succeeded.")
class SelectionStarted:
    wave: Wave = strawberry.field(description="The wave as it is now.")
    job: SelectionJob = strawberry.field(description="The work of drawing.")
    replayed: bool = strawberry.field(description="True when an earlier call had started it.")


RunSelectionResult = Annotated[
    SelectionStarted
    | NotFound
    | IllegalTransition
    | CampaignStillOpen
    | RosterNotFrozen
    | IdempotencyMismatch
    | ValidationFailed,
    strawberry.union("RunSelectionResult", description="What became of starting a draw."),
]


@strawberry.federation.mutation(
    description="Has a committed wave drawn, once: calling it again answers the same job. A draw that failed "
    "starts "
    "again, with the same outcome.",
    tags=["admin"],
)
async def run_selection(
    info: Info, input: Annotated[RunSelectionInput, strawberry.argument(description="The wave.")]
) -> RunSelectionResult:
    try:
        answer = await info.context.waves.backend.run(
            input.wave_id, input.beacon_value, input.idempotency_key
        )
    except Problem as problem:
        return typed(
            problem,
            NotFound,
            IllegalTransition,
            CampaignStillOpen,
            RosterNotFrozen,
            IdempotencyMismatch,
            ValidationFailed,
        )
    if answer.wave.job is None:
        raise Unavailable(NOT_UNDERSTOOD)
    return SelectionStarted(
        wave=Wave.of(answer.wave), job=SelectionJob.of(answer.wave.job), replayed=answer.replayed
    )
