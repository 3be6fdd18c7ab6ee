"""cancelWave: calls a wave off."""

from typing import Annotated

import strawberry

from services.entries.subgraph.types import Info
from services.entries.subgraph.waves_types import Wave
from services.kit.types import ID, IllegalTransition, NotFound, typed
from services.kit.upstream import Problem


@strawberry.input(description="Which wave to call off.")
class CancelWaveInput:
    wave_id: ID = strawberry.field(description="The wave.")


@strawberry.type(description="The wave is called off; nobody won.")
class WaveCancelled:
    wave: Wave = strawberry.field(description="The wave as it is now.")


CancelWaveResult = Annotated[
    WaveCancelled | NotFound | IllegalTransition,
    strawberry.union("CancelWaveResult", description="What became of calling a wave off."),
]


@strawberry.federation.mutation(
    description="Calls a wave off that is not final, and its draw with it. Safe to repeat.",
    tags=["admin"],
)
async def cancel_wave(
    info: Info, input: Annotated[CancelWaveInput, strawberry.argument(description="The wave.")]
) -> CancelWaveResult:
    try:
        answer = await info.context.waves.backend.cancel(input.wave_id)
    except Problem as problem:
        return typed(problem, NotFound, IllegalTransition)
    return WaveCancelled(wave=Wave.of(answer.wave))
