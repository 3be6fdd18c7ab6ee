"""Opaque ids, prefixed by kind: `ent_01kq…`, 26 characters of base32 over a UUIDv7, so they sort by time."""

import hashlib
import os
import re
import time
from base64 import b32encode

_TO_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghjkmnpqrstvwxyz")
_BODY = re.compile(r"[0-7][0-9a-hjkmnp-tv-z]{25}")


def new_id(prefix: str) -> str:
    """A fresh time-ordered id of the given kind, e.g. `new_id("ent")`."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10))
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return f"{prefix}_{encode(value)}"


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
