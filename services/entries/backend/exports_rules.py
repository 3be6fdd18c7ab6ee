"""What an export looks like: its columns, and how rows become them, and columns text. Pure.

Rows are worked on by the column, some thousands at a time: a Python call for each value would take most of the time.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from services.entries.backend.exports_wire import Contact, ExportedCode

Columns = list[Sequence[Any]]
"""The values of some rows, a sequence for each column."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_SEPARATOR = " | "
_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an export. Only texts and lists can hold what people typed."""

    name: str
    holds: Literal["id", "text", "number", "flag", "time", "list"] = "id"


COLUMNS: dict[str, tuple[Column, ...]] = {
    "ENTRIES": (
        Column("entry_id"),
        Column("user_id"),
        Column("state"),
        Column("country"),
        Column("ticket_quantity", "number"),
        Column("market_ids", "list"),
        Column("market_names", "list"),
        Column("submitted_at", "time"),
        Column("updated_at", "time"),
    ),
    "ELIGIBILITY": (
        Column("entry_id"),
        Column("user_id"),
        Column("state"),
        Column("eligible", "flag"),
        Column("reasons", "list"),
    ),
    "SELECTIONS": (
        Column("selection_id"),
        Column("wave_id"),
        Column("wave_name", "text"),
        Column("entry_id"),
        Column("user_id"),
        Column("event_id"),
        Column("event_name", "text"),
        Column("market_id"),
        Column("market_name", "text"),
        Column("preference_rank", "number"),
        Column("ticket_quantity", "number"),
        Column("selected_at", "time"),
    ),
    "CODES": (
        Column("code_id"),
        Column("event_id"),
        Column("event_name", "text"),
        Column("masked", "text"),
        Column("state"),
        Column("selection_id"),
        Column("entry_id"),
        Column("user_id"),
        Column("assigned_at", "time"),
        Column("redeemed_at", "time"),
        Column("redeemed", "number"),
        Column("voided_at", "time"),
        Column("superseded_by"),
    ),
}
"""The columns of each kind, in order; lists are joined by ` | ` in CSV."""

PERSON = (Column("email", "text"), Column("phone", "text"), Column("display_name", "text"))
"""What comes behind them where personal data was asked for."""


def columns(kind: str, *, personal_data: bool) -> tuple[Column, ...]:
    """The columns of an export."""
    return COLUMNS[kind] + (PERSON if personal_data else ())


class Wishes:
    """Ranked markets, which many fans share, as their ids and their names."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._known: dict[str, tuple[list[str], list[str]]] = {}

    def __call__(self, ranked: str) -> tuple[list[str], list[str]]:
        """Ids and names of market ids that are joined by commas."""
        known = self._known.get(ranked)
        if known is None:
            ids = ranked.split(",")
            known = ids, [self._names.get(market_id, "") for market_id in ids]
            if len(self._known) < _REMEMBERED:
                self._known[ranked] = known
        return known


def entries(rows: Sequence[Any], wishes: Wishes) -> Columns:
    """Entries with their ranked markets."""
    row = _by_name(rows)
    ids, names = zip(*map(wishes, row["ranked"]), strict=True)
    return [
        *(row[name] for name in ("id", "user_id", "state", "country", "ticket_quantity")),
        ids,
        names,
        row["submitted_at"],
        row["updated_at"],
    ]


def eligibility(rows: Sequence[Any], reasons_of: Callable[[Any], list[str]]) -> Columns:
    """Entries with what keeps them from being selected."""
    row = _by_name(rows)
    reasons = list(map(reasons_of, rows))
    return [row["id"], row["user_id"], row["state"], [not each for each in reasons], reasons]


def selections(
    rows: Sequence[Any], market_names: Mapping[str, str], event_names: Mapping[str, str]
) -> Columns:
    """Wins in finalized waves."""
    row = _by_name(rows)
    return [
        *(row[name] for name in ("id", "wave_id", "wave_name", "entry_id", "user_id", "event_id")),
        [event_names.get(event_id, "") for event_id in row["event_id"]],
        row["market_id"],
        [market_names.get(market_id, "") for market_id in row["market_id"]],
        *(row[name] for name in ("preference_rank", "ticket_quantity", "created_at")),
    ]


def codes(given: Sequence[ExportedCode], event_names: Mapping[str, str]) -> Columns:
    """Codes, masked."""
    return [
        [code.id for code in given],
        [code.event_id for code in given],
        [event_names.get(code.event_id, "") for code in given],
        [code.masked for code in given],
        [code.state for code in given],
        [code.selection_id for code in given],
        [code.entry_id for code in given],
        [code.user_id for code in given],
        [code.assigned_at for code in given],
        [code.redeemed_at for code in given],
        [code.redeemed for code in given],
        [code.voided_at for code in given],
        [code.superseded_by for code in given],
    ]


def contacts(user_ids: Sequence[str | None], known: Mapping[str, Contact]) -> Columns:
    """What `PERSON` holds of each user; nothing of those who are not known (any more)."""
    found = [known.get(user_id or "", _NOBODY) for user_id in user_ids]
    return [
        [contact.email for contact in found],
        [contact.phone for contact in found],
        [contact.display_name for contact in found],
    ]


def csv_head(header: Sequence[Column]) -> bytes:
    """The line of names."""
    return _csv([[column.name for column in header]])


def csv_lines(header: Sequence[Column], values: Columns) -> bytes:
    """RFC 4180 lines, UTF-8. What a spreadsheet would take for a formula gets a leading quote."""
    cells = [_CELLS.get(column.holds, list)(each) for column, each in zip(header, values, strict=True)]
    return _csv(zip(*cells, strict=True))


def json_lines(header: Sequence[Column], values: Columns) -> bytes:
    """One JSON object a line."""
    names = [column.name for column in header]
    return _encode_lines([dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)])


def requested_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte that a `Range` header asks for; None for the whole file, also where we do not understand it.

    Raises ValueError for a range that begins behind the end.
    """
    unit, _, asked = (header or "").partition("=")
    first, dash, last = asked.partition("-")
    numbers = [part for part in (first, last) if part]
    if (
        unit != "bytes"
        or not dash
        or not numbers
        or not all(part.isascii() and part.isdigit() for part in numbers)
    ):
        return None
    if not first:
        begin, end = max(0, size - int(last)), size - 1
    else:
        begin, end = int(first), min(int(last), size - 1) if last else size - 1
    if begin >= size or (first and last and int(last) < begin):
        raise ValueError(header)
    return begin, end


def file_name(export: Any) -> str:
    """What a downloaded file is called."""
    text = "" if export["format"] == "PARQUET" else _ENDINGS[export["compression"]]
    return f"{export['kind'].lower()}-{export['id']}.{export['format'].lower()}{text}"


def content_type(export: Any) -> str:
    """What a downloaded file is."""
    if export["format"] == "PARQUET" or export["compression"] == "NONE":
        return _CONTENT_TYPES[export["format"]]
    return _CONTENT_TYPES[export["compression"]]


def _by_name(rows: Sequence[Any]) -> dict[str, Sequence[Any]]:
    return dict(zip(rows[0].keys(), zip(*rows, strict=True), strict=True))


def _guarded(texts: Iterable[str | None]) -> list[str | None]:
    return [f"'{text}" if text and text.startswith(_FORMULA) else text for text in texts]


def _csv(rows: Iterable[Iterable[Any]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue().encode()


def _iso(at: datetime | None) -> str | None:
    return at and at.isoformat().replace("+00:00", "Z")


_encode_lines = msgspec.json.Encoder().encode_lines
# The CSV writer itself writes nothing for None and a number as it is.
_CELLS: dict[str, Callable[[Sequence[Any]], list[Any]]] = {
    "text": _guarded,
    "list": lambda lists: _guarded(map(_SEPARATOR.join, lists)),
    "flag": lambda flags: ["true" if flag else "false" for flag in flags],
    "time": lambda times: list(map(_iso, times)),
}
_NOBODY = Contact("")
_ENDINGS = {"NONE": "", "GZIP": ".gz", "ZSTD": ".zst"}
_CONTENT_TYPES = {
    "CSV": "text/csv; charset=utf-8",
    "NDJSON": "application/x-ndjson",
    "PARQUET": "application/vnd.apache.parquet",
    "GZIP": "application/gzip",
    "ZSTD": "application/zstd",
}
