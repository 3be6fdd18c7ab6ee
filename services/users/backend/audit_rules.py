"""The audit log's hash chain: each event's hash covers the event and the hash before it. Pure."""

import hashlib
from dataclasses import dataclass
from datetime import UTC

import msgspec

from services.kit.audit import AuditEvent

ORIGIN = bytes(32)
"""The hash before a team's first event."""


@dataclass(frozen=True, slots=True)
class Link:
    """An event in its place: number `sequence` of its team, counted from 1."""

    event: AuditEvent
    sequence: int
    previous_hash: bytes
    hash: bytes


def link(event: AuditEvent, sequence: int, previous_hash: bytes) -> Link:
    """The event chained to the one before it.

    `hash = SHA-256(previous hash, canonical event)`; canonical is JSON with sorted keys and the time in UTC.
    """
    body = msgspec.structs.asdict(event) | {"at": event.at.astimezone(UTC), "sequence": sequence}
    canonical = msgspec.json.encode(body, order="sorted")
    return Link(event, sequence, previous_hash, hashlib.sha256(previous_hash + canonical).digest())
