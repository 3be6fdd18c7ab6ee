"""commitWave: freezes the roster and publishes what the draw can be checked by."""

from typing import Annotated

import strawberry

from services.entries.subgraph.types import Info
from services.entries.subgraph.waves_types import CampaignStillOpen, SelectionInProgress, Wave
from services.kit.types import ID, IllegalTransition, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.input(description="Which wave to commit.")
class CommitWaveInput:
    wave_id: ID = strawberry.field(description="The wave.")


@strawberry.type(description="The roster is frozen; `draw` says its root and the commitment to the seed.")
class WaveCommitted:
    wave: Wave = strawberry.field(description="The wave as it is now.")


CommitWaveResult = Annotated[
    WaveCommitted | NotFound | ValidationFailed | IllegalTransition | CampaignStillOpen | SelectionInProgress,
    strawberry.union("CommitWaveResult", description="What became of committing a wave."),
]


@strawberry.federation.mutation(
    description="Freezes who takes part, and publishes the root of that roster and the commitment to a secret seed, so "
    "that the draw can be checked. Registration must be over. Safe to repeat.",
    tags=["admin"],
)
async def commit_wave(
    info: Info, input: Annotated[CommitWaveInput, strawberry.argument(description="The wave.")]
) -> CommitWaveResult:
    try:
        answer = await info.context.waves.backend.commit(input.wave_id)
    except Problem as problem:
        return typed(
            problem, NotFound, ValidationFailed, IllegalTransition, CampaignStillOpen, SelectionInProgress
        )
    return WaveCommitted(wave=Wave.of(answer.wave))
