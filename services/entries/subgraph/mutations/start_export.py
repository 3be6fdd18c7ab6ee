"""startExport: has a file of a campaign's rows written."""

from typing import Annotated

import strawberry

from services.entries.subgraph.exports_backend import NewExport
from services.entries.subgraph.exports_types import (
    ExportCompression,
    ExportFormat,
    ExportJob,
    ExportKind,
    ExportPurpose,
)
from services.entries.subgraph.types import EntryState, Info
from services.kit.types import ID, Error, IdempotencyMismatch, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.input(description="Which rows an export holds.")
class ExportFilter:
    states: list[EntryState] | None = strawberry.field(
        description="Only rows of entries in one of these states, as they are when the file is written. Not for CODES.",
        default=None,
    )


@strawberry.input(description="A file to be written.")
class StartExportInput:
    campaign_id: ID = strawberry.field(description="The campaign.")
    kind: ExportKind = strawberry.field(description="What it holds.")
    format: ExportFormat = strawberry.field(description="How it is written.", default=ExportFormat.CSV)
    compression: ExportCompression | None = strawberry.field(
        description="How it is compressed; when left out, Parquet by ZSTD and text not at all.", default=None
    )
    purpose: ExportPurpose = strawberry.field(description="What it is for.", default=ExportPurpose.INTERNAL)
    personal_data: bool = strawberry.field(
        description="Whether each row says whose it is: `email`, `phone` and `display_name`, as they are when the file "
        "is written. Needs PII_READ, now and when the file is fetched.",
        default=False,
    )
    filter: ExportFilter | None = strawberry.field(description="Which rows; all when left out.", default=None)
    idempotency_key: str | None = strawberry.field(
        description="1 to 200 characters that name this attempt: repeating it answers what the first try answered.",
        default=None,
    )


@strawberry.type(description="The export is queued.")
class ExportStarted:
    job: ExportJob = strawberry.field(description="The export: poll it until it has succeeded.")
    replayed: bool = strawberry.field(
        description="True when an earlier call with the same idempotencyKey had done it."
    )


@strawberry.type(
    description="Fans' data of this campaign is handed to nobody: it has no promoter, or one that gets none."
)
class SharingNotAllowed(Error): ...


StartExportResult = Annotated[
    ExportStarted | NotFound | SharingNotAllowed | ValidationFailed | IdempotencyMismatch,
    strawberry.union("StartExportResult", description="What became of asking for an export."),
]


@strawberry.federation.mutation(
    description="Has a file of a campaign's rows written in the background.", tags=["admin"]
)
async def start_export(
    info: Info, input: Annotated[StartExportInput, strawberry.argument(description="The file.")]
) -> StartExportResult:
    states = input.filter.states if input.filter else None
    new = NewExport(
        campaign_id=input.campaign_id,
        kind=input.kind.name,
        format=input.format.name,
        compression=input.compression and input.compression.name,
        purpose=input.purpose.name,
        personal_data=input.personal_data,
        states=None if states is None else sorted({state.name for state in states}),
        idempotency_key=input.idempotency_key,
    )
    try:
        answer = await info.context.exports.backend.start(new)
    except Problem as problem:
        return typed(problem, NotFound, SharingNotAllowed, ValidationFailed, IdempotencyMismatch)
    return ExportStarted(job=ExportJob.of(answer.export), replayed=answer.replayed)
