"""Exports on the wire."""

from datetime import datetime
from typing import Literal

import msgspec

Kind = Literal["ENTRIES", "ELIGIBILITY", "SELECTIONS"]
Format = Literal["CSV", "NDJSON"]
Purpose = Literal["INTERNAL", "SHARING"]


class NewExport(msgspec.Struct, frozen=True):
    """A file to be written; `states` keeps only rows of entries in these states."""

    campaign_id: str
    kind: Kind
    format: Format
    purpose: Purpose
    states: list[str] | None = None
    idempotency_key: str | None = None


class Export(msgspec.Struct, frozen=True):
    """An export as it is now. What describes the file is there once it succeeded, `download_url` until it expires."""

    id: str
    campaign_id: str
    team_id: str
    kind: str
    format: str
    purpose: str
    state: str
    progress: float
    row_count: int | None
    byte_size: int | None
    sha256: str | None
    download_url: str | None
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None
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
