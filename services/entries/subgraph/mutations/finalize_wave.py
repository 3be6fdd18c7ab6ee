"""finalizeWave: makes the outcome of a draw final."""

from typing import Annotated

import strawberry

from services.entries.subgraph.types import Info
from services.entries.subgraph.waves_types import SelectionNotFinished, Wave
from services.kit.types import ID, IllegalTransition, NotFound, typed
from services.kit.upstream import Problem


@strawberry.input(description="Which wave to make final.")
class FinalizeWaveInput:
    wave_id: ID = strawberry.field(description="The wave.")


@strawberry.type(description="The outcome is final.")
class WaveFinalized:
    wave: Wave = strawberry.field(description="The wave as it is now.")


FinalizeWaveResult = Annotated[
    WaveFinalized | NotFound | IllegalTransition | SelectionNotFinished,
    strawberry.union("FinalizeWaveResult", description="What became of making a wave final."),
]


@strawberry.federation.mutation(
    description="Makes the outcome of a draw final, for good: winners see it, codes may be assigned. Safe to repeat.",
    tags=["admin"],
)
async def finalize_wave(
    info: Info, input: Annotated[FinalizeWaveInput, strawberry.argument(description="The wave.")]
) -> FinalizeWaveResult:
    try:
        answer = await info.context.waves.backend.finalize(input.wave_id)
    except Problem as problem:
        return typed(problem, NotFound, IllegalTransition, SelectionNotFinished)
    return WaveFinalized(wave=Wave.of(answer.wave))
