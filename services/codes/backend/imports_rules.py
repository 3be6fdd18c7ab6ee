"""How a file of codes is cut into lines, whatever pieces it comes in. Pure: bytes in, lines out.

Memory is bounded by a piece and the beginning of one line.
"""

import re
from collections.abc import Iterator

from services.codes.backend.rules import LONGEST_LINE, SHORTEST, Line, key_of, read_line
from services.kit.errors import DomainError

MOST_NOTED = 10_000
"""Errors that are kept for an import, the file's first ones; all are counted."""
MOST_LINES = 5_000_000

_PLAIN = re.compile(rb"[A-Za-z0-9._-]{6,64}")
_BOM = b"\xef\xbb\xbf"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_HEAD = 4096


class Unreadable(DomainError):
    """The file is not a table of codes, or does not unpack."""

    code = "UNREADABLE"


class LineReader:
    """Cuts pieces of a file into its lines, without its header and the blank lines at its end; numbers count from 1."""

    def __init__(self) -> None:
        self._rest = b""
        self._number = 0
        self._written = 0  # the last line that was not blank
        self._begun = False

    def feed(self, piece: bytes) -> Iterator[Line]:
        """The lines that end in this piece. Raises Unreadable for what is no file of codes."""
        data = self._rest + piece
        if not self._begun and len(data) < len(_BOM):
            self._rest = data
            return
        if not self._begun:
            _check_head(data)
            data, self._begun = data.removeprefix(_BOM), True
        held = b"\r" if data.endswith(b"\r") else b""  # perhaps half of a line end
        *lines, rest = _cut(data.removesuffix(held))
        self._rest = rest[: LONGEST_LINE + 1] + held
        yield from self._read(lines)

    def close(self) -> Iterator[Line]:
        """The last line, if it has no end."""
        rest = self._rest if self._begun else self._rest.removeprefix(_BOM)
        yield from self._read(_cut(rest.removesuffix(b"\r")))

    def _read(self, lines: list[bytes]) -> Iterator[Line]:
        for raw in lines:
            self._number += 1
            number = self._number
            if number > MOST_LINES:
                raise Unreadable(f"The file has more than {MOST_LINES:,} lines. Split it.")
            if _PLAIN.fullmatch(raw) and len(key := key_of(code := raw.decode())) >= SHORTEST:
                line = Line(number, code, key)
            elif not raw.strip():
                continue
            elif number == 1 and raw.strip().strip(b'"').lower() == b"code":
                self._written = 1
                continue
            else:
                line = read_line(number, raw.decode("utf-8", "replace"))
            for blank in range(self._written + 1, number):
                yield Line(blank, problem="EMPTY")
            self._written = number
            yield line


def _cut(data: bytes) -> list[bytes]:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")


def _check_head(head: bytes) -> None:
    """Looks at how an unpacked file begins. Raises Unreadable for an archive, a spreadsheet, an image."""
    if head.startswith(_ZIP):
        raise Unreadable(
            "This is a zip archive, perhaps a spreadsheet. Send the CSV in it: plain, gzip or zstd."
        )
    if b"\0" in head[:_HEAD]:
        raise Unreadable("This is not a text file. Send CSV in UTF-8, one code on a line.")
