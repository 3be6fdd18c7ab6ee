"""Exports: files of a campaign's entries and selections, written in the background."""

from enum import Enum
from typing import Any, Self

import strawberry

from services.entries.subgraph import exports_backend as backend
from services.kit.access import Permission, Scope
from services.kit.types import ID, URL, DateTime, Job, JobState, fitting

Info = strawberry.Info[Any, Any]


@strawberry.enum(
    description="What an export holds, one row each. Email addresses, phone numbers and names only with `personalData`."
)
class ExportKind(Enum):
    ENTRIES = strawberry.enum_value(
        "ENTRIES", description="Entries with state, country, tickets, ranked markets and times."
    )
    ELIGIBILITY = strawberry.enum_value(
        "ELIGIBILITY", description="Entries with whether they can be selected, and if not, why."
    )
    SELECTIONS = strawberry.enum_value(
        "SELECTIONS", description="Wins in finalized waves, with wave, event, market and rank."
    )
    CODES = strawberry.enum_value(
        "CODES",
        description="Access codes of all events, masked, with who holds them and what became of them, each as it is "
        "when it is read. Needs CODE_READ, now and when the file is fetched.",
    )


@strawberry.enum(description="How an export is written; always UTF-8.")
class ExportFormat(Enum):
    CSV = strawberry.enum_value(
        "CSV",
        description="RFC 4180 with a header line; lists joined by ` | `; nothing a spreadsheet takes for a formula.",
    )
    NDJSON = strawberry.enum_value("NDJSON", description="One JSON object a line.")
    PARQUET = strawberry.enum_value("PARQUET", description="Apache Parquet, with typed columns and lists.")


@strawberry.enum(description="How an export is compressed: text as a whole, Parquet inside.")
class ExportCompression(Enum):
    NONE = strawberry.enum_value("NONE", description="Not at all.")
    GZIP = strawberry.enum_value("GZIP", description="Gzip, which everything reads.")
    ZSTD = strawberry.enum_value("ZSTD", description="Zstandard: faster and smaller.")


@strawberry.enum(description="What an export is for.")
class ExportPurpose(Enum):
    INTERNAL = strawberry.enum_value("INTERNAL", description="For the team itself: all rows.")
    SHARING = strawberry.enum_value(
        "SHARING",
        description="For sale or sharing: without fans who opted out by the moment of writing, or were erased; it "
        "expires at once when one of the fans in it opts out later. Only where the campaign's promoter gets fan data.",
    )


@strawberry.federation.type(
    keys=["id"], description="A file with rows of a campaign, written in the background."
)
class ExportJob(Job):
    kind: ExportKind = strawberry.field(description="What it holds.")
    row: strawberry.Private[backend.Export]
    format: ExportFormat = strawberry.field(description="How it is written.")
    compression: ExportCompression = strawberry.field(description="How it is compressed.")
    purpose: ExportPurpose = strawberry.field(description="What it is for.")
    personal_data: bool = strawberry.field(
        description="Whether its rows say whose they are: by email address, phone number and name."
    )
    row_count: int | None = strawberry.field(
        description="Exactly how many rows it has, header aside; once succeeded."
    )
    byte_size: int | None = strawberry.field(
        description="Its size in bytes; once succeeded, and where it is less than 2 GiB."
    )
    sha256: str | None = strawberry.field(description="SHA-256 of its bytes, in hex; once succeeded.")
    expires_at: DateTime | None = strawberry.field(description="When the file is removed.")

    @strawberry.field(
        description="Where to get it, for an hour; ask again for a new link. Takes ranges. Works while its requester "
        "may run exports and see what is in it; null for whoever may not see that herself."
    )
    async def download_url(self, info: Info) -> URL | None:
        allows, scope = info.context.access.allows, scope_of(self.row)
        may = [await allows(permission, scope) for permission in needed_beyond(self.row)]
        return None if self.row.download_url is None or not all(may) else URL(self.row.download_url)

    @classmethod
    async def resolve_reference(cls, info: Info, id: str) -> Self | None:
        """The export, for who may run exports of its campaign; None for all others."""
        export = await info.context.exports.by_id.load(id)
        if export is None or not await info.context.access.allows(Permission.EXPORT_RUN, scope_of(export)):
            return None
        return cls.of(export)

    @classmethod
    def of(cls, row: backend.Export) -> Self:
        """The graph's view of what the Entry Service answered."""
        return cls(
            id=ID(row.id),
            state=JobState(row.state),
            progress=row.progress,
            created_at=DateTime(row.created_at),
            finished_at=row.finished_at and DateTime(row.finished_at),
            failure=row.failure,
            row=row,
            kind=ExportKind(row.kind),
            format=ExportFormat(row.format),
            compression=ExportCompression(row.compression),
            personal_data=row.personal_data,
            purpose=ExportPurpose(row.purpose),
            row_count=row.row_count,
            byte_size=fitting(row.byte_size),
            sha256=row.sha256,
            expires_at=row.expires_at and DateTime(row.expires_at),
        )


def needed_beyond(export: backend.Export) -> list[Permission]:
    """What one needs beside EXPORT_RUN to have such a file."""
    return [
        *([Permission.PII_READ] if export.personal_data else []),
        *([Permission.CODE_READ] if export.kind == "CODES" else []),
    ]


def scope_of(export: backend.Export) -> Scope:
    """Where permissions on an export are asked."""
    return Scope(export.team_id, export.campaign_id)
