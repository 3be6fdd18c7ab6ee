"""Opaque ids, prefixed by kind: `ent_01kq…`, 26 characters of base32 over a UUIDv7, so they sort by time."""

import hashlib
import os
import re
import time
from base64 import b32encode

_TO_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghjkmnpqrstvwxyz")
_RANDOM = ~((0xF << 76) | (0x3 << 62))
_BODY = re.compile(r"[0-7][0-9a-hjkmnp-tv-z]{25}")


def new_id(prefix: str) -> str:
    """A fresh time-ordered id of the given kind, e.g. `new_id("ent")`."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10))
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return f"{prefix}_{encode(value)}"


def new_ids(prefix: str, count: int) -> list[str]:
    """As `new_id`, many at once and at half the cost: all of one moment, and in order among themselves."""
    moment = (time.time_ns() // 1_000_000 << 80) | (0x7 << 76) | (0x2 << 62)
    noise = os.urandom(10 * count)
    values = sorted(int.from_bytes(noise[at : at + 10]) & _RANDOM for at in range(0, 10 * count, 10))
    return [f"{prefix}_{encode(moment | value)}" for value in values]


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
    return b32encode(value.to_bytes(20))[6:].translate(_TO_CROCKFORD).decode()
