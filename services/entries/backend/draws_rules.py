"""Proof that a draw was fair: what is published before it, what after, and how anybody can check. Pure."""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from services.entries.backend.waves_rules import BY_ENTRY, Ballot, Pick, Seat, select

ALGORITHM = "monoql-draw/1"
"""Roster root: Merkle tree of SHA-256 over salted leaves in entry id order. Seed commitment: SHA-256 of 32
random bytes. Draw seed: the seed, or SHA-256 of the seed and the value of the beacon where one was announced. Lottery
number: SHA-256 of draw seed and entry id. Outcome hash: SHA-256 over the picks in entry id order.
"""

HASH_BYTES = 32
USING_SCORES = ("WEIGHTED_RANDOM_PRIORITY", "SCORE_PRIORITY")
"""Strategies that ask for scores. A roster holds what its draw uses and no more: others leave scores out."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a wave has published; hex. The seed, the beacon's value and the outcome are None until the draw was run."""

    roster_root: str
    seed_commitment: str
    seed: str | None
    outcome_hash: str | None
    beacon_value: str | None = None


class Step(NamedTuple):
    """A node beside the way from a leaf to the root: its level (0: the leaves), its place there, and its side."""

    level: int
    place: int
    left: bool


@dataclass(frozen=True, slots=True)
class Verification:
    """What a recomputation found. A draw that has not run yet cannot be valid: its seed and outcome match nothing."""

    roster_root_matches: bool
    seed_matches: bool
    outcome_matches: bool

    @property
    def valid(self) -> bool:
        return self.roster_root_matches and self.seed_matches and self.outcome_matches


def verify(
    proof: Proof, roster: Sequence[Ballot], seats: Sequence[Seat], strategy: str, picks: Iterable[Pick]
) -> Verification:
    """Recomputes the whole draw from its roster, seats and published seed, and compares: with what was
    published, and with the `picks` that winners hold.
    """
    leaves = [leaf(ballot) for ballot in sorted(roster, key=lambda ballot: ballot.entry_id)]
    root_matches = merkle_root(leaves).hex() == proof.roster_root
    if proof.seed is None or proof.outcome_hash is None:
        return Verification(root_matches, seed_matches=False, outcome_matches=False)
    seed = bytes.fromhex(proof.seed)
    again = outcome_hash(select(strategy, roster, seats, draw_seed(seed, proof.beacon_value)))
    return Verification(
        root_matches,
        seed_matches=commitment(seed) == proof.seed_commitment,
        outcome_matches=again == proof.outcome_hash == outcome_hash(picks),
    )


def commitment(seed: bytes) -> str:
    """SHA-256 of the seed, published before the draw."""
    return hashlib.sha256(seed).hexdigest()


def draw_seed(seed: bytes, beacon_value: str | None) -> bytes:
    """What lottery numbers are made of: the secret seed, mixed with public randomness where that was announced."""
    return seed if beacon_value is None else hashlib.sha256(seed + beacon_value.encode()).digest()


def leaf(ballot: Ballot) -> bytes:
    """The hash of one roster line. Its salt keeps what a fan ranked from being guessed."""
    return hashlib.sha256(b"\0" + line(ballot).encode()).digest()


def line(ballot: Ballot) -> str:
    """One fan on the roster, as it is hashed and published.

    The line is `salt|entry|tickets|score|submitted|ranked markets|barred markets`: the score as the hex of its
    IEEE 754 double, nothing when there is none; the lists joined by commas. The database's `roster_line` is the same.
    """
    score = "" if ballot.score is None else struct.pack(">d", ballot.score).hex()
    return "|".join(
        [
            ballot.salt.hex(),
            ballot.entry_id,
            str(ballot.quantity),
            score,
            str(ballot.submitted),
            ",".join(ballot.preferences),
            ",".join(ballot.barred),
        ]
    )


def ballot(text: bytes) -> Ballot:
    """The fan that a roster line (UTF-8) describes."""
    salt, entry_id, quantity, score, submitted, preferences, barred = text.decode().split("|")
    return Ballot(
        entry_id,
        _list(preferences),
        int(quantity),
        struct.unpack(">d", bytes.fromhex(score))[0] if score else None,
        int(submitted),
        _list(barred),
        bytes.fromhex(salt),
    )


@lru_cache(maxsize=1 << 18)
def _list(text: str) -> tuple[str, ...]:
    """A million fans rank few markets: equal rankings are kept once."""
    return tuple(text.split(",")) if text else ()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root over `leaves`; of none, SHA-256 of nothing."""
    return merkle_levels(b"".join(leaves))[-1]


def merkle_levels(leaves: bytes) -> list[bytes]:
    """The tree over leaves of 32 bytes each, level by level up to the root.

    A node is SHA-256 of 0x01 and its two children; an odd one out moves up as it is.
    """
    levels = [leaves or hashlib.sha256(b"").digest()]
    while len(levels[-1]) > HASH_BYTES:
        levels.append(_level_above(levels[-1]))
    return levels


def _level_above(level: bytes) -> bytes:
    pairs = len(level) - len(level) % (2 * HASH_BYTES)
    nodes = [
        hashlib.sha256(b"\1" + level[at : at + 2 * HASH_BYTES]).digest()
        for at in range(0, pairs, 2 * HASH_BYTES)
    ]
    return b"".join(nodes) + level[pairs:]


def path(position: int, size: int) -> list[Step]:
    """The nodes that lead from the leaf at `position` of `size` to the root, leaf's neighbour first."""
    steps: list[Step] = []
    level = 0
    while size > 1:
        neighbour = position ^ 1
        if neighbour < size:
            steps.append(Step(level, neighbour, left=neighbour < position))
        level, position, size = level + 1, position // 2, (size + 1) // 2
    return steps


def climb(start: bytes, steps: Iterable[tuple[bytes, bool]]) -> bytes:
    """The root that a leaf's hash and the (hash, whether it is on the left) of its path lead to."""
    node = start
    for beside, left in steps:
        node = hashlib.sha256(b"\1" + (beside + node if left else node + beside)).digest()
    return node


def outcome_hash(picks: Iterable[Pick]) -> str:
    """SHA-256 over one line `entry|event|market|rank|tickets` for each winner, in entry id order."""
    digest = hashlib.sha256()
    for pick in sorted(picks, key=BY_ENTRY):
        digest.update("|".join(map(str, pick)).encode() + b"\n")
    return digest.hexdigest()
