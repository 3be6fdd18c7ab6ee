"""previewSelection: what a wave would come to."""

from typing import Annotated

import strawberry

from services.entries.subgraph.types import Info
from services.entries.subgraph.waves_types import SelectionPreview
from services.kit.types import ID, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.input(description="Which wave to look at.")
class PreviewSelectionInput:
    wave_id: ID = strawberry.field(description="The wave, best while it is a draft.")


PreviewSelectionResult = Annotated[
    SelectionPreview | NotFound | ValidationFailed,
    strawberry.union("PreviewSelectionResult", description="What became of a preview."),
]


@strawberry.federation.mutation(
    description="Draws a wave among those who are eligible now, with a seed that is thrown away. Writes nothing.",
    tags=["admin"],
)
async def preview_selection(
    info: Info, input: Annotated[PreviewSelectionInput, strawberry.argument(description="The wave.")]
) -> PreviewSelectionResult:
    try:
        preview = await info.context.waves.backend.preview(input.wave_id)
    except Problem as problem:
        return typed(problem, NotFound, ValidationFailed)
    return SelectionPreview.of(preview)
