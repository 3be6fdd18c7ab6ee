"""Opaque ids, prefixed by kind: `ent_01kq…`, 26 characters of base32 over a UUIDv7, so they sort by time."""

import hashlib
import os
import re
import time
from base64 import b32encode

_TO_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghjkmnpqrstvwxyz")
_RANDOM = ~((0xF << 76) | (0x3 << 62))
_VERSION = (0x7 << 76) | (0x2 << 62)
_BODY = re.compile(r"[0-7][0-9a-hjkmnp-tv-z]{25}")


def new_id(prefix: str) -> str:
    """A fresh time-ordered id of the given kind, e.g. `new_id("ent")`."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10))
    return f"{prefix}_{encode(value & _RANDOM | _VERSION)}"


def new_ids(prefix: str, count: int) -> list[str]:
    """As `new_id`, many at once and at half the cost: all of one moment, and in order among themselves."""
    noise = os.urandom(10 * count)
    values = sorted(int.from_bytes(noise[at : at + 10]) & _RANDOM for at in range(0, 10 * count, 10))
    rest = b"".join([(value | _VERSION).to_bytes(10) for value in values])
    return ids_at(prefix, time.time_ns() // 1_000_000, rest)


def ids_at(prefix: str, milliseconds: int, rest: bytes) -> list[str]:
    """The ids of one moment (since 1970) whose last ten bytes are `rest`, ten by ten."""
    # The moment is the first ten characters; the ten bytes behind it are sixteen, so all can be encoded in one go.
    moment, text = encode(milliseconds << 80)[:10], _crockford(rest)
    return [f"{prefix}_{moment}{text[at : at + 16]}" for at in range(0, len(text), 16)]


def is_id(prefix: str, text: str) -> bool:
    """Whether `text` has the form of an id of this kind; says nothing about existence."""
    head, _, body = text.partition("_")
    return head == prefix and _BODY.fullmatch(body) is not None


def user_id(issuer: str, subject: str) -> str:
    """The id of the account that `issuer` calls `subject`.

    Derived rather than allotted: every tier knows the caller's id from the verified token, without asking anyone.
    """
    digest = hashlib.sha256(f"{issuer}\n{subject}".encode()).digest()
    return f"usr_{encode(int.from_bytes(digest[:16]))}"


def encode(value: int) -> str:
    """128 bits as 26 characters of Crockford base32, most significant first."""
    return _crockford(value.to_bytes(20))[6:]


def _crockford(data: bytes) -> str:
    return b32encode(data).translate(_TO_CROCKFORD).decode()
