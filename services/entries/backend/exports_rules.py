"""What the rows of an export look like, from rows of its query. No email, phone or name is ever in one. Pure."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

Record = dict[str, Any]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SEPARATOR = " | "

COLUMNS: dict[str, tuple[str, ...]] = {
    "ENTRIES": (
        "entry_id",
        "user_id",
        "state",
        "country",
        "ticket_quantity",
        "market_ids",
        "market_names",
        "submitted_at",
        "updated_at",
    ),
    "ELIGIBILITY": ("entry_id", "user_id", "state", "eligible", "reasons"),
    "SELECTIONS": (
        "selection_id",
        "wave_id",
        "wave_name",
        "entry_id",
        "user_id",
        "event_id",
        "event_name",
        "market_id",
        "market_name",
        "preference_rank",
        "ticket_quantity",
        "selected_at",
    ),
}
"""The members of a record of each kind, in order; lists are joined by ` | ` in CSV."""


def entry_record(row: Any, market_names: Mapping[str, str]) -> Record:
    """An entry with its ranked markets."""
    return {
        "entry_id": row["id"],
        "user_id": row["user_id"],
        "state": row["state"],
        "country": row["country"],
        "ticket_quantity": row["ticket_quantity"],
        "market_ids": row["preferences"],
        "market_names": [market_names.get(market_id, "") for market_id in row["preferences"]],
        "submitted_at": row["submitted_at"],
        "updated_at": row["updated_at"],
    }


def eligibility_record(row: Any, reasons: Sequence[str]) -> Record:
    """An entry with what keeps it from being selected."""
    return {
        "entry_id": row["id"],
        "user_id": row["user_id"],
        "state": row["state"],
        "eligible": not reasons,
        "reasons": list(reasons),
    }


def selection_record(row: Any, market_names: Mapping[str, str], event_names: Mapping[str, str]) -> Record:
    """A win in a finalized wave."""
    return {
        "selection_id": row["id"],
        "wave_id": row["wave_id"],
        "wave_name": row["wave_name"],
        "entry_id": row["entry_id"],
        "user_id": row["user_id"],
        "event_id": row["event_id"],
        "event_name": event_names.get(row["event_id"], ""),
        "market_id": row["market_id"],
        "market_name": market_names.get(row["market_id"], ""),
        "preference_rank": row["preference_rank"],
        "ticket_quantity": row["ticket_quantity"],
        "selected_at": row["created_at"],
    }


def head(kind: str, format_: str) -> bytes:
    """What comes before the first record."""
    return _csv_lines([COLUMNS[kind]]) if format_ == "CSV" else b""


def lines(format_: str, records: Iterable[Record]) -> bytes:
    """Records in the format: RFC 4180 lines, or one JSON object a line; UTF-8."""
    return _WRITERS[format_](records)


def cell(value: Any) -> str:
    """A value as a spreadsheet may see it: text that it would take for a formula gets a leading quote."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    text = _SEPARATOR.join(value) if isinstance(value, list | tuple) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv(records: Iterable[Record]) -> bytes:
    return _csv_lines([cell(value) for value in record.values()] for record in records)


def _csv_lines(rows: Iterable[Sequence[str]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue().encode()


def _ndjson(records: Iterable[Record]) -> bytes:
    return b"".join(msgspec.json.encode(record) + b"\n" for record in records)


_WRITERS: dict[str, Callable[[Iterable[Record]], bytes]] = {"CSV": _csv, "NDJSON": _ndjson}
CONTENT_TYPES = {"CSV": "text/csv; charset=utf-8", "NDJSON": "application/x-ndjson"}
EXTENSIONS = {"CSV": "csv", "NDJSON": "ndjson"}
