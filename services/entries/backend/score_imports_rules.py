"""How a file of scores is read: pieces of bytes in, lines with a score or a problem out. Pure."""

import codecs
import csv
import math
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import zstandard

from services.entries.backend import scores_rules

SUBJECTS = ("entry_id", "user_id", "global_user_id")
"""The columns that can say whose score a line has; a file has one of them."""
MESSAGES = {
    "EMPTY": "There is nothing on this line.",
    "BAD_QUOTES": "The quotes on this line do not match.",
    "COLUMNS": "This line has not as many columns as the first.",
    "BAD_SUBJECT": "An id has 1 to 200 printable characters.",
    "BAD_SCORE": "A score is a number from 0 to 1, with a point: 0.85.",
    "BAD_REASON": "Reasons are up to 20 codes of letters, digits and _, separated by spaces: BOT_LIKELY NEW_ACCOUNT.",
    "DUPLICATE_IN_FILE": "An earlier line of this file has a score for the same entry; that one counts.",
    "UNKNOWN_ENTRY": "This campaign has no such entry.",
}
_KNOWN = {*SUBJECTS, "score", "reasons"}
_MOST_SUBJECT = 200
_LONGEST_LINE = 10_000
MOST_BYTES = 1 << 30
_INFLATED_AT_ONCE = 1 << 20
_ZSTD_AT_ONCE = 512
"""Bytes of zstd that are unpacked in one go: four of them may stand for 128 KiB, so 16 MiB at most come of these."""
_ZSTD_WINDOW = 128 << 20
_MAGIC_BYTES = 4
_DAMAGED = "The compressed file is damaged. Send it again."
_NUMBER = re.compile(r"[0-9]{0,3}(\.[0-9]{1,20})?([eE]-?[0-9]{1,3})?")


class Unreadable(Exception):
    """The file as a whole cannot be read; the message is for whoever sent it."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a file has what: how many columns, of them the subject of kind `subject`, the score, perhaps reasons."""

    count: int
    subject: str
    place: int
    score: int
    reasons: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file: whose score it is, or the `problem` (of MESSAGES) that it has."""

    number: int
    subject: str = ""
    value: float = 0.0
    reasons: tuple[str, ...] = ()
    problem: str | None = None


class Text:
    """The lines of a file of UTF-8, perhaps compressed by gzip or zstd, fed piece by piece. Memory is bounded."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._unpack: _Gzip | _Zstd | None = None
        self._head: bytes | None = b""
        self._rest = ""
        self._bytes = 0

    def feed(self, piece: bytes) -> Iterator[str]:
        """The lines that this piece completes. Raises Unreadable."""
        if self._head is not None:
            piece = self._head + piece
            self._head = piece
            if len(piece) < _MAGIC_BYTES:
                return
            self._begin(piece)
        for plain in self._unpack.feed(piece) if self._unpack else [piece]:
            yield from self._split(plain)

    def finish(self) -> Iterator[str]:
        """The last line, where no line end follows it. Raises Unreadable."""
        if self._unpack and not self._unpack.whole:
            raise Unreadable("The compressed file is cut off. Send it again.")
        yield from self._split(self._head or b"", final=True)
        if self._rest:
            yield self._rest

    def _begin(self, piece: bytes) -> None:
        self._head = None
        if piece.startswith(b"\x1f\x8b"):
            self._unpack = _Gzip()
        elif piece.startswith(b"\x28\xb5\x2f\xfd"):
            self._unpack = _Zstd()

    def _split(self, plain: bytes, *, final: bool = False) -> Iterator[str]:
        self._bytes += len(plain)
        if self._bytes > MOST_BYTES:
            raise Unreadable("The file has more than a gibibyte of text. Send it in parts.")
        try:
            text = self._rest + self._decoder.decode(plain, final)
        except UnicodeDecodeError:
            raise Unreadable("The file is not in UTF-8. Save it as CSV UTF-8.") from None
        *lines, self._rest = text.split("\n")
        if max(map(len, [*lines, self._rest])) > _LONGEST_LINE:
            raise Unreadable(
                f"A line has more than {_LONGEST_LINE:,} characters: this is no table of scores."
            )
        yield from lines


class _Gzip:
    """Unpacks gzip, also files that were compressed one by one and joined."""

    def __init__(self) -> None:
        self._frame: Any = zlib.decompressobj(wbits=31)

    @property
    def whole(self) -> bool:
        """Whether what was fed so far ends where a file ends."""
        return self._frame.eof

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The text of this piece, at most a mebibyte at a time. Raises Unreadable."""
        while piece:
            if self._frame.eof:
                self._frame = zlib.decompressobj(wbits=31)
            try:
                yield self._frame.decompress(piece, _INFLATED_AT_ONCE)
            except zlib.error:
                raise Unreadable(_DAMAGED) from None
            piece = self._frame.unconsumed_tail or self._frame.unused_data


class _Zstd:
    """As `_Gzip`, of zstd: at most 16 MiB at a time."""

    def __init__(self) -> None:
        self._unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._frame: Any = self._unpacker.decompressobj()

    @property
    def whole(self) -> bool:
        return self._frame.eof

    def feed(self, piece: bytes) -> Iterator[bytes]:
        for start in range(0, len(piece), _ZSTD_AT_ONCE):
            rest = piece[start : start + _ZSTD_AT_ONCE]
            while rest:
                if self._frame.eof:
                    self._frame = self._unpacker.decompressobj()
                try:
                    yield self._frame.decompress(rest)
                except zstandard.ZstdError:
                    raise Unreadable(_DAMAGED) from None
                rest = self._frame.unused_data


def columns_of(first_line: str) -> Columns:
    """What the columns of a file are, by its first line. Raises Unreadable."""
    names = [name.strip().lower() for name in _cells(first_line) or ()]
    subjects = [name for name in names if name in SUBJECTS]
    if len(subjects) != 1 or "score" not in names or len(set(names)) < len(names) or not {*names} <= _KNOWN:
        raise Unreadable(
            "The first line must name the columns: entry_id, user_id or global_user_id; score; and, if there "
            "are any, reasons."
        )
    return Columns(
        count=len(names),
        subject=subjects[0],
        place=names.index(subjects[0]),
        score=names.index("score"),
        reasons=names.index("reasons") if "reasons" in names else None,
    )


def read_line(columns: Columns, number: int, raw: str) -> Line:
    """A line behind the first."""
    if not raw.strip():
        return Line(number, problem="EMPTY")
    cells = _cells(raw)
    if cells is None:
        return Line(number, problem="BAD_QUOTES")
    if len(cells) != columns.count:
        return Line(number, problem="COLUMNS")
    reasons = cells[columns.reasons].split() if columns.reasons is not None else []
    return checked(number, cells[columns.place].strip(), _number(cells[columns.score].strip()), reasons)


def checked(number: int, subject: str, value: float | None, reasons: Sequence[str]) -> Line:
    """A score with a problem where it has one; `value` is None for what is no number."""
    if not 0 < len(subject) <= _MOST_SUBJECT or not subject.isprintable():
        return Line(number, problem="BAD_SUBJECT")
    if value is None or not math.isfinite(value) or not 0 <= value <= 1:
        return Line(number, problem="BAD_SCORE")
    if len(reasons) > scores_rules.MOST_REASONS or not all(map(scores_rules.is_code, reasons)):
        return Line(number, problem="BAD_REASON")
    return Line(number, subject, value, tuple(dict.fromkeys(reasons)))


def _cells(raw: str) -> list[str] | None:
    try:
        return next(csv.reader([raw.rstrip("\r")], strict=True), [])
    except csv.Error:
        return None


def _number(text: str) -> float | None:
    return (
        float(text) if _NUMBER.fullmatch(text) and text[0:1] not in ("", "e", "E") and text != "." else None
    )
