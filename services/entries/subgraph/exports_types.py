"""Exports: files of a campaign's entries and selections, written in the background."""

from enum import Enum
from typing import Any, Self

import strawberry

from services.entries.subgraph import exports_backend as backend
from services.kit.access import Permission, Scope
from services.kit.types import ID, URL, DateTime, Job, JobState

Info = strawberry.Info[Any, Any]


@strawberry.enum(
    description="What an export holds, one row each. Never an email address, a phone number or a name."
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


@strawberry.enum(description="How an export is written; always UTF-8.")
class ExportFormat(Enum):
    CSV = strawberry.enum_value(
        "CSV",
        description="RFC 4180 with a header line; lists joined by ` | `; nothing a spreadsheet takes for a formula.",
    )
    NDJSON = strawberry.enum_value("NDJSON", description="One JSON object a line.")


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
    format: ExportFormat = strawberry.field(description="How it is written.")
    purpose: ExportPurpose = strawberry.field(description="What it is for.")
    row_count: int | None = strawberry.field(
        description="Exactly how many rows it has, header aside; once succeeded."
    )
    byte_size: int | None = strawberry.field(description="Its size in bytes; once succeeded.")
    sha256: str | None = strawberry.field(description="SHA-256 of its bytes, in hex; once succeeded.")
    download_url: URL | None = strawberry.field(
        description="Where to get it, for an hour; ask again for a new link. Works while its requester may run exports."
    )
    expires_at: DateTime | None = strawberry.field(description="When the file is removed.")

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
            kind=ExportKind(row.kind),
            format=ExportFormat(row.format),
            purpose=ExportPurpose(row.purpose),
            row_count=row.row_count,
            byte_size=row.byte_size,
            sha256=row.sha256,
            download_url=None if row.download_url is None else URL(row.download_url),
            expires_at=row.expires_at and DateTime(row.expires_at),
        )


def scope_of(export: backend.Export) -> Scope:
    """Where permissions on an export are asked."""
    return Scope(export.team_id, export.campaign_id)
