"""How many parts a text message takes, by GSM 03.38: the alphabet decides what fits into one. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Encoding = Literal["GSM_7", "UCS_2"]

_DEFAULT = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")

# One part alone, and each part of several: those carry a header that puts them together again.
_GSM_7 = (160, 153)
_UCS_2 = (70, 67)

LONGEST_CODE = 64
LONGEST_LINK = 100


@dataclass(frozen=True, slots=True)
class Size:
    """A message's size: its encoding, `units` of it (septets, or 16-bit units), and how many parts it is sent in."""

    encoding: Encoding
    units: int
    segments: int


def size_of(text: str) -> Size:
    """The size of a message. No character is cut: one that does not fit goes into the next part as a whole."""
    if all(c in _DEFAULT or c in _EXTENSION for c in text):
        widths = [2 if c in _EXTENSION else 1 for c in text]
        return _size("GSM_7", widths, *_GSM_7)
    return _size("UCS_2", [2 if ord(c) > 0xFFFF else 1 for c in text], *_UCS_2)


def longest(template: str, *, campaign: str, events: list[str]) -> str:
    """The template filled with the longest that each placeholder can stand for."""
    names = [*events, ""]
    values: Mapping[str, str] = {
        "code": "X" * LONGEST_CODE,
        "link": "x" * LONGEST_LINK,
        "campaign": campaign,
        "event": max(names, key=_weight),
    }
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), template)


def _weight(text: str) -> tuple[bool, int]:
    """One letter outside GSM's alphabet makes the whole message larger than any length does."""
    size = size_of(text)
    return size.encoding == "UCS_2", size.units


def _size(encoding: Encoding, widths: list[int], alone: int, each: int) -> Size:
    units = sum(widths)
    if units <= alone:
        return Size(encoding, units, 1)
    segments, left = 1, each
    for width in widths:
        if width > left:
            segments, left = segments + 1, each
        left -= width
    return Size(encoding, units, segments)
