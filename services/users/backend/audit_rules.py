"""The audit log's hash chain: each event's hash covers the event and the hash before it. Pure.

What a chain alone cannot show is that its end was cut off, together with the record of where it ends. Heads that were
noted elsewhere (the worker logs them) are the anchors that show it.
"""

import hashlib
from collections.abc import Iterable
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


@dataclass(frozen=True, slots=True)
class Head:
    """Where a team's chain ends: its last event's number (0: none yet) and hash."""

    sequence: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Break:
    """The first link of a team's chain that does not hold, and how one can tell."""

    team_id: str
    sequence: int
    reason: str


def first_break(
    team_id: str, links: Iterable[Link], head: Head | None = None, anchors: Iterable[Head] = ()
) -> Break | None:
    """The first link that does not hold; None for a sound chain.

    `links` are a team's in the order of their numbers. `head` is where the database says that they end, `anchors` are
    earlier heads that were noted elsewhere.
    """
    noted = {anchor.sequence: anchor.hash for anchor in anchors}
    end = Head(0, ORIGIN)
    for stored in links:
        wanted = end.sequence + 1
        if stored.sequence != wanted:
            return Break(team_id, wanted, f"event {wanted} is missing: {stored.sequence} comes next")
        if stored.previous_hash != end.hash:
            return Break(team_id, wanted, f"event {wanted} does not follow on the one before it")
        if link(stored.event, stored.sequence, stored.previous_hash).hash != stored.hash:
            return Break(team_id, wanted, f"event {wanted} is not what was written")
        if noted.pop(wanted, stored.hash) != stored.hash:
            return Break(team_id, wanted, f"event {wanted} is another one than was noted elsewhere")
        end = Head(stored.sequence, stored.hash)
    known = max([head.sequence if head else 0, *noted])
    if known > end.sequence:
        return Break(
            team_id, end.sequence + 1, f"the chain was cut: it ends at {end.sequence}, but had {known} events"
        )
    if head and (head.sequence, head.hash) != (end.sequence, end.hash):
        return Break(team_id, end.sequence, "the chain does not end where the database says it ends")
    return None
