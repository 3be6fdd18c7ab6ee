"""The Code Service's rules: what a code looks like, how a file of codes is read. Pure: no I/O, no clock."""

import csv
import re
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

from services.codes.backend.wire import Shortfall
from services.kit.errors import DomainError, Invalid, Issue

SHORTEST, LONGEST = 6, 64
MOST_GENERATED = 10_000
ENTROPY = 16
"""Random bytes behind a generated code: its 17 random characters hold 84 bits, and the rest keeps them uniform."""

# No 0 O, 1 I, U V; 31 of them, a prime, which the check character needs.
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTVWXYZ"
_CHARACTERS = 17
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]+")
_SEPARATORS = str.maketrans("", "", "._-")
LONGEST_LINE = 1000
"""Characters of a line beyond which it is not looked at."""
_LINE_END = re.compile(r"\r\n|\n|\r")
# A file of text has none of these: what has them is a spreadsheet, an archive, an image.
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffd]")

MESSAGES = {
    "EMPTY": "There is no code on this line.",
    "TOO_SHORT": f"A code has {SHORTEST} characters at least.",
    "TOO_LONG": f"A code has {LONGEST} characters at most.",
    "BAD_CHARACTER": "A code is made of the letters A to Z, digits, and - _ . only.",
    "BAD_QUOTES": "The quotes on this line do not match.",
    "EXTRA_COLUMN": "There is more than one column: a line holds one code and nothing else.",
    "DUPLICATE_IN_FILE": "An earlier line of this file has the same code.",
    "ALREADY_KNOWN": "This code is in a pool already.",
}
DUPLICATES = {"DUPLICATE_IN_FILE", "ALREADY_KNOWN"}


class WaveNotFinalized(DomainError):
    """The wave's winners may still change, so no code is handed out yet."""

    code = "WAVE_NOT_FINALIZED"
    members: ClassVar[dict[str, Any]] = {"state": str}

    def __init__(self, state: str) -> None:
        super().__init__(
            f"The wave is {state}. Finalize it first: codes go to winners that cannot change any more.",
            state=state,
        )


class InsufficientCodes(DomainError):
    """A pool holds fewer codes than its event has winners; nothing was written."""

    code = "INSUFFICIENT_CODES"
    members: ClassVar[dict[str, Any]] = {"shortfalls": list[Shortfall]}

    def __init__(self, missing: dict[str, int]) -> None:
        total = sum(missing.values())
        super().__init__(
            f"{total} {'code is' if total == 1 else 'codes are'} missing. Add them to the pools, then assign again.",
            shortfalls=[{"event_id": event_id, "missing": count} for event_id, count in missing.items()],
        )


class Line(NamedTuple):
    """A line of a file: its `code`, or the `problem` (of MESSAGES) that it has. `key` is equal for equal codes."""

    number: int
    code: str = ""
    key: str = ""
    problem: str | None = None


def key_of(code: str) -> str:
    """What two spellings of one code have in common: fans type codes in any case, with and without separators."""
    return code.translate(_SEPARATORS).upper()


def mask(code: str) -> str:
    """Enough to tell codes apart, too little to use one: a quarter of it, 4 characters at most, whatever its length."""
    shown = min(4, len(code) // 4)
    head, tail = shown // 2, shown - shown // 2
    return f"{code[:head]}••••{code[-tail:]}"


def generate(entropy: bytes, *, grouped: bool = True) -> str:
    """A code of 17 random characters and a check character, in groups of six unless told otherwise.

    `entropy` is ENTROPY random bytes.
    """
    value = int.from_bytes(entropy)
    body = ""
    for _ in range(_CHARACTERS):
        value, index = divmod(value, len(_ALPHABET))
        body += _ALPHABET[index]
    text = body + _check(body)
    if not grouped:
        return text
    return "-".join(text[start : start + 6] for start in range(0, len(text), 6))


def is_generated(code: str) -> bool:
    """Whether the check character fits: one wrong or two swapped neighbouring characters never do."""
    text = key_of(code)
    well_formed = len(text) == _CHARACTERS + 1 and all(c in _ALPHABET for c in text)
    return well_formed and _check(text[:-1]) == text[-1]


def check_file(text: str) -> int:
    """The number of lines of a file of codes. Raises Invalid for what is no such file."""
    if _BINARY.search(text):
        raise _bad_file("NOT_TEXT", "This is not a text file. Send plain CSV in UTF-8, one code on a line.")
    count = len(_lines(text))
    if count == 0:
        raise _bad_file("EMPTY", "The file has no lines.")
    return count


def read_file(text: str) -> Iterator[Line]:
    """The lines of a file of codes, without its header and the blank lines at its end; numbers count from 1."""
    seen: set[str] = set()
    for number, raw in enumerate(_lines(text), start=1):
        if number == 1 and raw.strip().strip('"').lower() == "code":
            continue
        line = read_line(number, raw)
        if line.problem is None:
            if line.key in seen:
                line = Line(number, problem="DUPLICATE_IN_FILE")
            seen.add(line.key)
        yield line


def _lines(text: str) -> list[str]:
    body = text.removeprefix("\ufeff").rstrip("\r\n \t")
    return _LINE_END.split(body) if body else []


def read_line(number: int, raw: str) -> Line:
    """A line of a file, without its end: a code or a problem."""
    if len(raw) > LONGEST_LINE:
        return Line(number, problem="TOO_LONG")
    try:
        cells = next(csv.reader([raw], strict=True), [""]) if '"' in raw or "," in raw else [raw]
    except csv.Error:
        return Line(number, problem="BAD_QUOTES")
    code = cells[0].strip()
    if any(cell.strip() for cell in cells[1:]):
        return Line(number, problem="EXTRA_COLUMN")
    key = key_of(code)
    if not code:
        problem = "EMPTY"
    elif len(code) > LONGEST:
        problem = "TOO_LONG"
    elif not _ACCEPTED.fullmatch(code):
        problem = "BAD_CHARACTER"
    elif len(key) < SHORTEST:
        problem = "TOO_SHORT"
    else:
        return Line(number, code, key)
    return Line(number, problem=problem)


def _check(body: str) -> str:
    """Weighted sum modulo a prime, so that any single change and any swap of neighbours shows."""
    total = sum(weight * _ALPHABET.index(character) for weight, character in enumerate(body, start=2))
    return _ALPHABET[total % len(_ALPHABET)]


def _bad_file(code: str, message: str) -> Invalid:
    return Invalid([Issue(["csv"], code, message)], message)
