"""Exports on the wire."""

from typing import Literal

import msgspec

from services.kit.wire import JobState, Moment, Whole

Kind = Literal["ENTRIES", "ELIGIBILITY", "SELECTIONS", "CODES"]
Format = Literal["CSV", "NDJSON", "PARQUET"]
Compression = Literal["NONE", "GZIP", "ZSTD"]
Purpose = Literal["INTERNAL", "SHARING"]


class NewExport(msgspec.Struct, frozen=True):
    """A file to be written; `states` keeps only rows of entries in these states.

    Without `compression` Parquet is compressed by ZSTD, and text is not compressed.
    """

    campaign_id: str
    kind: Kind
    format: Format
    purpose: Purpose
    compression: Compression | None = None
    personal_data: bool = False
    states: list[str] | None = None
    idempotency_key: str | None = None


class Export(msgspec.Struct, frozen=True):
    """An export as it is now. What describes the file is there once it succeeded, `download_url` until it expires."""

    id: str
    campaign_id: str
    team_id: str
    kind: Kind
    format: Format
    compression: Compression
    purpose: Purpose
    personal_data: bool
    state: JobState
    progress: float
    row_count: Whole | None
    byte_size: int | None
    sha256: str | None
    download_url: str | None
    created_at: Moment
    finished_at: Moment | None
    expires_at: Moment | None
    failure: str | None


class ExportAnswer(msgspec.Struct, frozen=True):
    """The export after a call; `replayed` when an earlier call had done it."""

    export: Export
    replayed: bool = False


class ExportId(msgspec.Struct, frozen=True):
    export_id: str


class Exports(msgspec.Struct):
    """Found exports; unknown ids are left out."""

    exports: list[Export]


class Contact(msgspec.Struct, frozen=True):
    """How a user is reached, as the User Service answers it."""

    id: str
    email: str | None = None
    phone: str | None = None
    display_name: str | None = None


class Contacts(msgspec.Struct, frozen=True):
    contacts: list[Contact]


class ExportedCode(msgspec.Struct, frozen=True):
    """A masked code, as the Code Service answers it."""

    id: str
    event_id: str
    masked: str
    state: str
    selection_id: str | None = None
    entry_id: str | None = None
    user_id: str | None = None
    assigned_at: Moment | None = None
    redeemed_at: Moment | None = None
    redeemed: Whole | None = None
    voided_at: Moment | None = None
    superseded_by: str | None = None


class CodePage(msgspec.Struct, frozen=True):
    """A page of codes; null `next` says that it was the last."""

    codes: list[ExportedCode]
    next: str | None
