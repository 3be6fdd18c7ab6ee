"""cancelExport: stops an export."""

from typing import Annotated

import strawberry

from services.entries.subgraph.exports_types import ExportJob
from services.entries.subgraph.types import Info
from services.kit.types import ID, IllegalTransition, NotFound, typed
from services.kit.upstream import Problem


@strawberry.input(description="Which export to stop.")
class CancelExportInput:
    id: ID = strawberry.field(description="The export.")


@strawberry.type(description="The export is stopped; there is no file.")
class ExportCancelled:
    job: ExportJob = strawberry.field(description="The export as it is now.")


CancelExportResult = Annotated[
    ExportCancelled | NotFound | IllegalTransition,
    strawberry.union("CancelExportResult", description="What became of stopping an export."),
]


@strawberry.federation.mutation(
    description="Stops an export that is not done. Safe to repeat.", tags=["admin"]
)
async def cancel_export(
    info: Info, input: Annotated[CancelExportInput, strawberry.argument(description="The export.")]
) -> CancelExportResult:
    try:
        answer = await info.context.exports.backend.cancel(input.id)
    except Problem as problem:
        return typed(problem, NotFound, IllegalTransition)
    return ExportCancelled(job=ExportJob.of(answer.export))
