"""importCodes: a file of codes goes into a pool, in the background."""

from typing import Annotated

import strawberry

from services.codes.subgraph.pools_types import CodeImport
from services.codes.subgraph.types import Info
from services.kit.types import ID, IdempotencyMismatch, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.federation.input(tags=["admin"], description="Which codes go into which pool.")
class ImportCodesInput:
    pool_id: ID = strawberry.field(description="The pool.")
    upload_id: ID | None = strawberry.field(
        description="The file, as an upload of purpose CODE_IMPORT for the campaign or its team that is READY: plain, "
        "gzip or zstd, in the form that `csv` has. For files of any size.",
        default=None,
    )
    csv: str | None = strawberry.field(
        description="Instead of an upload, the text of a small CSV file: one code of 6 to 64 letters, digits and - _ . "
        "on a line, optionally under the header `code`. Codes that differ only in case or in - _ . count as equal.",
        default=None,
    )
    idempotency_key: str | None = strawberry.field(
        description="1 to 200 characters of yours: the same key with the same input replays the first answer.",
        default=None,
    )


@strawberry.federation.type(tags=["admin"], description="The file is in line to be read.")
class CodeImportStarted:
    import_: CodeImport = strawberry.field(name="import", description="The job to poll by `codeImport`.")
    replayed: bool = strawberry.field(
        description="True: this idempotencyKey was used before, and nothing was started."
    )


ImportCodesResult = Annotated[
    CodeImportStarted | NotFound | ValidationFailed | IdempotencyMismatch,
    strawberry.federation.union(
        "ImportCodesResult", description="What became of importCodes.", tags=["admin"]
    ),
]
InputArgument = Annotated[
    ImportCodesInput, strawberry.argument(description="Which codes go into which pool.")
]


@strawberry.federation.mutation(
    description="Adds the codes of a CSV file to a pool, in the background: every bad line is reported, every "
    "good one "
    "kept, and a file sent twice changes nothing. Needs CODE_MANAGE on the campaign.",
    tags=["admin"],
)
async def import_codes(info: Info, input: InputArgument) -> ImportCodesResult:
    try:
        started = await info.context.backend.start_import(
            input.pool_id, input.csv, input.upload_id, input.idempotency_key
        )
    except Problem as problem:
        return typed(problem, NotFound, ValidationFailed, IdempotencyMismatch)
    return CodeImportStarted(import_=CodeImport.of(started.import_), replayed=started.replayed)
