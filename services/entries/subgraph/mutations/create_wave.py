"""createWave: drafts a round of choosing winners."""

from typing import Annotated

import strawberry

from services.entries.subgraph.draws_types import SelectionStrategy
from services.entries.subgraph.types import Info
from services.entries.subgraph.waves_backend import NewWave
from services.entries.subgraph.waves_types import ReassignmentPolicy, Wave
from services.kit.types import ID, IdempotencyMismatch, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.input(description="Scores that can be selected, both ends included.")
class ScoreRangeInput:
    min: float | None = strawberry.field(description="The lowest score; null: no lower bound.", default=None)
    max: float | None = strawberry.field(description="The highest score; null: no upper bound.", default=None)


@strawberry.input(description="What an event may give away in a wave.")
class WaveCapacityInput:
    event_id: ID = strawberry.field(description="One of the campaign's events.")
    capacity: int = strawberry.field(
        description="Tickets, up to what earlier waves left of the event's allocation."
    )


@strawberry.input(description="A round of choosing winners, to be drafted.")
class CreateWaveInput:
    campaign_id: ID = strawberry.field(description="The campaign whose fans it chooses among.")
    name: str = strawberry.field(description="What the team calls it, 1 to 120 characters.")
    strategy: SelectionStrategy = strawberry.field(description="In which order fans choose.")
    reassignment: ReassignmentPolicy = strawberry.field(
        description="Whether earlier winners take part again.", default=ReassignmentPolicy.EXCLUDE_SELECTED
    )
    score_range: ScoreRangeInput | None = strawberry.field(
        description="Which scores take part; the campaign's range when left out.", default=None
    )
    capacities: list[WaveCapacityInput] | None = strawberry.field(
        description="What each event gives; when left out, all that earlier waves left of each event's allocation.",
        default=None,
    )
    idempotency_key: str | None = strawberry.field(
        description="1 to 200 characters that name this attempt: repeating it answers what the first try answered.",
        default=None,
    )


@strawberry.type(description="The wave is drafted.")
class WaveCreated:
    wave: Wave = strawberry.field(description="The wave.")
    replayed: bool = strawberry.field(
        description="True when an earlier call with the same idempotencyKey had done it."
    )


CreateWaveResult = Annotated[
    WaveCreated | NotFound | ValidationFailed | IdempotencyMismatch,
    strawberry.union("CreateWaveResult", description="What became of a new wave."),
]


@strawberry.federation.mutation(
    description="Drafts a wave. Nothing is decided yet: preview it, then commit it.", tags=["admin"]
)
async def create_wave(
    info: Info, input: Annotated[CreateWaveInput, strawberry.argument(description="The wave.")]
) -> CreateWaveResult:
    new = NewWave(
        campaign_id=input.campaign_id,
        name=input.name,
        strategy=input.strategy.name,
        reassignment=input.reassignment.name,
        score_min=input.score_range and input.score_range.min,
        score_max=input.score_range and input.score_range.max,
        capacities=None
        if input.capacities is None
        else [{"event_id": one.event_id, "capacity": one.capacity} for one in input.capacities],
        idempotency_key=input.idempotency_key,
    )
    try:
        answer = await info.context.waves.backend.create(new)
    except Problem as problem:
        return typed(problem, NotFound, ValidationFailed, IdempotencyMismatch)
    return WaveCreated(wave=Wave.of(answer.wave), replayed=answer.replayed)
