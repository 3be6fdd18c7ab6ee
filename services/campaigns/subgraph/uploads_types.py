"""Uploads: files on their way in."""

from enum import Enum
from typing import Any, Self

import strawberry

from services.campaigns.subgraph.uploads_backend import Upload as Row
from services.campaigns.subgraph.uploads_policy import may_see_upload
from services.kit.types import ID, URL, DateTime

Info = strawberry.Info[Any, Any]


@strawberry.enum(description="What a file is sent in for.")
class UploadPurpose(Enum):
    HERO_IMAGE = strawberry.enum_value(
        "HERO_IMAGE",
        description="A campaign's picture: JPEG, PNG or WebP, at most 10 MiB and 25 megapixels. Needs CAMPAIGN_WRITE.",
    )
    CODE_IMPORT = strawberry.enum_value(
        "CODE_IMPORT",
        description="Access codes: CSV in UTF-8, plain, gzip or zstd, at most 128 MiB. Needs CODE_MANAGE.",
    )
    SCORE_IMPORT = strawberry.enum_value(
        "SCORE_IMPORT",
        description="Scores of entries: CSV in UTF-8, plain, gzip or zstd, at most 128 MiB. Needs ENTRY_REVIEW.",
    )


@strawberry.enum(description="Where an upload is: poll it until it is READY, REJECTED or EXPIRED.")
class UploadState(Enum):
    PENDING = strawberry.enum_value("PENDING", description="Waits for the file to be PUT to `uploadUrl`.")
    PROCESSING = strawberry.enum_value("PROCESSING", description="The file is there and is being checked.")
    READY = strawberry.enum_value("READY", description="Checked: it can be used.")
    REJECTED = strawberry.enum_value(
        "REJECTED", description="Not taken; `failure` says why. The file is gone."
    )
    EXPIRED = strawberry.enum_value(
        "EXPIRED", description="No file came in time, or nothing used it for a week. The file is gone."
    )


@strawberry.federation.type(
    keys=["id"],
    description="A file on its way in. Seen by whoever has the permission that its purpose needs.",
    tags=["admin"],
)
class Upload:
    row: strawberry.Private[Row]
    id: ID = strawberry.field(description="Opaque id.")
    state: UploadState = strawberry.field(description="Where it is.")
    purpose: UploadPurpose = strawberry.field(description="What it is for.")
    filename: str = strawberry.field(description="What its sender calls it.")
    byte_size: int = strawberry.field(
        description="Bytes: as announced, and once READY those of the checked file."
    )
    content_type: str | None = strawberry.field(
        description="What the bytes are, whatever was announced; null until it is READY."
    )
    upload_url: URL | None = strawberry.field(
        description="While PENDING: PUT the bytes here, once, without a token, with Content-Length. Whoever has the "
        "link can; it is shown to who asked for it alone."
    )
    upload_expires_at: DateTime = strawberry.field(description="Until when `uploadUrl` works.")
    url: URL | None = strawberry.field(
        description="Where everybody finds a picture once it is READY, for good; null for everything else."
    )
    failure_code: str | None = strawberry.field(
        description="Why it was REJECTED, machine-readable: SIZE_MISMATCH, NOT_AN_IMAGE, SVG, ANIMATED, DAMAGED, "
        "TRAILING_DATA, TOO_MANY_PIXELS, NOT_UTF8, NOT_TEXT, EMPTY, LOST, NOT_CHECKED."
    )
    failure: str | None = strawberry.field(description="Why it was REJECTED and what to do, for people.")
    created_at: DateTime = strawberry.field(description="When it was asked for.")
    expires_at: DateTime | None = strawberry.field(
        description="When a READY file is thrown away that nothing uses; null while something does."
    )

    @classmethod
    async def resolve_reference(cls, info: Info, id: str) -> Self | None:
        row = await info.context.upload_by_id.load(id)
        return cls.of(row) if row is not None and await may_see_upload(info.context, row) else None

    @classmethod
    def of(cls, row: Row) -> Self:
        """The graph's view of what the Campaign Service answered."""
        return cls(
            row=row,
            id=ID(row.id),
            state=UploadState(row.state),
            purpose=UploadPurpose(row.purpose),
            filename=row.filename,
            byte_size=row.byte_size,
            content_type=row.content_type,
            upload_url=None if row.upload_url is None else URL(row.upload_url),
            upload_expires_at=DateTime(row.link_expires_at),
            url=None if row.url is None else URL(row.url),
            failure_code=row.failure_code,
            failure=row.failure,
            created_at=DateTime(row.created_at),
            expires_at=None if row.expires_at is None else DateTime(row.expires_at),
        )
