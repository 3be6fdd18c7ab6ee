"""commitWave: freezes the roster and publishes what the draw can be checked by."""

from typing import Annotated

import strawberry

from services.entries.subgraph.types import Info
from services.entries.subgraph.waves_types import (
    CampaignStillOpen,
    EntriesNotScored,
    SelectionInProgress,
    Wave,
)
from services.kit.types import ID, IllegalTransition, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.input(description="Public randomness that will be known only after the commitment.")
class DrawBeaconInput:
    source: str = strawberry.field(
        description="Where it will come from, so that anybody can look it up; 1 to 200 characters."
    )
    round: str = strawberry.field(
        description="Which of its results: a round, or a date; 1 to 200 characters."
    )


@strawberry.input(description="Which wave to commit.")
class CommitWaveInput:
    wave_id: ID = strawberry.field(description="The wave.")
    beacon: DrawBeaconInput | None = strawberry.field(
        description="Public randomness to be mixed into the seed, so that not even whoever runs this system can "
        "know or "
        "choose the outcome. `runSelection` then needs its value.",
        default=None,
    )


@strawberry.type(
    description="The wave is committed; `draw` says its roster's root and the commitment to the seed. A large "
    "roster is frozen "
    "in the background: then `draw` is null until `job` has succeeded."
)
class WaveCommitted:
    wave: Wave = strawberry.field(description="The wave as it is now.")


CommitWaveResult = Annotated[
    WaveCommitted
    | NotFound
    | ValidationFailed
    | IllegalTransition
    | CampaignStillOpen
    | SelectionInProgress
    | EntriesNotScored,
    strawberry.union("CommitWaveResult", description="What became of committing a wave."),
]


@strawberry.federation.mutation(
    description="Freezes who takes part, and publishes the root of that roster and the commitment to a secret "
    "seed, so "
    "that the draw can be checked. Registration must be over. Safe to repeat.",
    tags=["admin"],
)
async def commit_wave(
    info: Info, input: Annotated[CommitWaveInput, strawberry.argument(description="The wave.")]
) -> CommitWaveResult:
    try:
        answer = await info.context.waves.backend.commit(
            input.wave_id, input.beacon and {"source": input.beacon.source, "round": input.beacon.round}
        )
    except Problem as problem:
        return typed(
            problem,
            NotFound,
            ValidationFailed,
            IllegalTransition,
            CampaignStillOpen,
            SelectionInProgress,
            EntriesNotScored,
        )
    return WaveCommitted(wave=Wave.of(answer.wave))
