"""createUpload: a link to send a file to."""

from typing import Annotated

import strawberry

from services.campaigns.subgraph.backend import as_body
from services.campaigns.subgraph.types import Info
from services.campaigns.subgraph.uploads_types import Upload, UploadPurpose
from services.kit.types import ID, IdempotencyMismatch, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.federation.input(
    description="A file to send in, for a campaign or else for a team.", tags=["admin"]
)
class CreateUploadInput:
    purpose: UploadPurpose = strawberry.field(
        description="What it is for; decides what is taken and who may."
    )
    filename: str = strawberry.field(description="What it is called, at most 255 characters; only shown.")
    content_type: str = strawberry.field(
        description="What the sender takes it for: `image/jpeg`, `text/csv`. The bytes decide."
    )
    byte_size: int = strawberry.field(description="Its exact size in bytes; PUT takes no other.")
    campaign_id: ID | None = strawberry.field(
        description="The campaign that it is for. Give this or `teamId`.", default=None
    )
    team_id: ID | None = strawberry.field(
        description="The team that it is for, where there is no campaign yet.", default=None
    )
    idempotency_key: str | None = strawberry.field(
        description="The same key with the same input answers what the first call answered.", default=None
    )


@strawberry.federation.type(description="The file can be sent.", tags=["admin"])
class UploadCreated:
    upload: Upload = strawberry.field(
        description="The upload: PUT the bytes to its `uploadUrl`, then poll it."
    )
    replayed: bool = strawberry.field(
        description="True: this idempotencyKey was used before, and this is the upload of then."
    )


CreateUploadResult = Annotated[
    UploadCreated | NotFound | ValidationFailed | IdempotencyMismatch,
    strawberry.federation.union("CreateUploadResult", description="What became of it.", tags=["admin"]),
]


@strawberry.federation.mutation(
    description="Makes a link to send a file to: PUT it within half an hour, then poll `upload` until it is READY.",
    tags=["admin"],
)
async def create_upload(
    info: Info, input: Annotated[CreateUploadInput, strawberry.argument(description="The file.")]
) -> CreateUploadResult:
    try:
        answer = await info.context.uploads.create(as_body(input))
    except Problem as problem:
        return typed(problem, NotFound, ValidationFailed, IdempotencyMismatch)
    return UploadCreated(upload=Upload.of(answer.upload), replayed=answer.replayed)
