"""importScores: a file of scores is read in the background."""

from typing import Annotated

import strawberry

from services.entries.subgraph.score_imports_types import ScoreImport
from services.entries.subgraph.types import Info
from services.kit.types import ID, IdempotencyMismatch, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.input(description="Which file holds scores for which campaign.")
class ImportScoresInput:
    campaign_id: ID = strawberry.field(description="The campaign whose entries are scored.")
    upload_id: ID = strawberry.field(
        description="An upload for this campaign of the purpose SCORE_IMPORT that is READY: CSV in UTF-8, plain, "
        "gzip or zstd. Its first line names the columns: `entry_id`, `user_id` or `global_user_id`; `score`, 0 to "
        "1; and perhaps `reasons`, up to 20 codes separated by spaces."
    )
    idempotency_key: str | None = strawberry.field(
        description="1 to 200 characters that name this attempt: repeating it answers what the first try answered.",
        default=None,
    )


@strawberry.type(description="The file is in line to be read.")
class ScoreImportStarted:
    import_: ScoreImport = strawberry.field(
        name="import", description="The import: poll it by `scoreImport`."
    )
    replayed: bool = strawberry.field(
        description="True when an earlier call with the same idempotencyKey had done it."
    )


ImportScoresResult = Annotated[
    ScoreImportStarted | NotFound | ValidationFailed | IdempotencyMismatch,
    strawberry.union("ImportScoresResult", description="What became of an import of scores."),
]


@strawberry.federation.mutation(
    description="Takes the scores of a file, in the background. They count before the built-in ones of the same "
    "entries. Every bad line is reported, every good one kept, and a file that is read twice changes nothing.",
    tags=["admin"],
)
async def import_scores(
    info: Info, input: Annotated[ImportScoresInput, strawberry.argument(description="The file.")]
) -> ImportScoresResult:
    try:
        answer = await info.context.scores.imports.start(
            input.campaign_id, input.upload_id, input.idempotency_key
        )
    except Problem as problem:
        return typed(problem, NotFound, ValidationFailed, IdempotencyMismatch)
    return ScoreImportStarted(import_=ScoreImport.of(answer.score_import), replayed=answer.replayed)
