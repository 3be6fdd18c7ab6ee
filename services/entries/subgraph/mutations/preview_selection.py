"""previewSelection: what a wave would come to."""

from typing import Annotated

import strawberry

from services.entries.subgraph.previews_types import SelectionPreview
from services.entries.subgraph.types import Info
from services.entries.subgraph.waves_types import SelectionJob
from services.kit.errors import Unavailable
from services.kit.types import ID, NotFound, ValidationFailed, typed
from services.kit.upstream import NOT_UNDERSTOOD, Problem


@strawberry.input(description="Which wave to look at.")
class PreviewSelectionInput:
    wave_id: ID = strawberry.field(description="The wave, best while it is a draft.")


@strawberry.federation.type(
    description="The wave is large: its preview is being computed. Poll `wave.preview` until `job` has succeeded.",
    tags=["admin"],
)
class SelectionPreviewStarted:
    job: SelectionJob = strawberry.field(description="The work of computing it.")


PreviewSelectionResult = Annotated[
    SelectionPreview | SelectionPreviewStarted | NotFound | ValidationFailed,
    strawberry.union("PreviewSelectionResult", description="What became of a preview."),
]


@strawberry.federation.mutation(
    description="Draws a wave among those who are eligible now, with a seed that is thrown away. Decides nothing; a "
    "large wave's preview is computed in the background.",
    tags=["admin"],
)
async def preview_selection(
    info: Info, input: Annotated[PreviewSelectionInput, strawberry.argument(description="The wave.")]
) -> PreviewSelectionResult:
    try:
        answer = await info.context.waves.backend.preview(input.wave_id)
    except Problem as problem:
        return typed(problem, NotFound, ValidationFailed)
    if answer.preview is not None:
        return SelectionPreview.of(answer.preview)
    if answer.job is None:
        raise Unavailable(NOT_UNDERSTOOD)
    return SelectionPreviewStarted(job=SelectionJob.of(answer.job))
