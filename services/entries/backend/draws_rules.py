"""Proof that a draw was fair: what is published before it, what after, and how anybody can check. Pure."""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.entries.backend.waves_rules import Ballot, Pick, Seat, select

ALGORITHM = "monoql-draw/1"
"""Roster root: Merkle tree of SHA-256 over salted leaves in entry id order. Seed commitment: SHA-256 of 32
random bytes. Lottery number: SHA-256 of seed and entry id. Outcome hash: SHA-256 over the picks in entry id order.
"""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a wave has published; hex. The seed and the outcome are None until the draw was run."""

    roster_root: str
    seed_commitment: str
    seed: str | None
    outcome_hash: str | None


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
    again = outcome_hash(select(strategy, roster, seats, seed))
    return Verification(
        root_matches,
        seed_matches=commitment(seed) == proof.seed_commitment,
        outcome_matches=again == proof.outcome_hash == outcome_hash(picks),
    )


def commitment(seed: bytes) -> str:
    """SHA-256 of the seed, published before the draw."""
    return hashlib.sha256(seed).hexdigest()


def leaf(ballot: Ballot) -> bytes:
    """The hash of one roster line. Its salt keeps what a fan ranked from being guessed; she can be given hers to check.

    The line is `salt|entry|tickets|score|submitted|ranked markets|barred markets`: the score as the hex of its
    IEEE 754 double, nothing when there is none; the lists joined by commas. The database computes the same in
    `roster_leaves`.
    """
    score = "" if ballot.score is None else struct.pack(">d", ballot.score).hex()
    line = "|".join(
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
    return hashlib.sha256(b"\0" + line.encode()).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root over `leaves`: a node is SHA-256 of 0x01 and its children; an odd one out moves up as it is."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    level = list(leaves)
    while len(level) > 1:
        nodes = [
            hashlib.sha256(b"\1" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        level = nodes + level[2 * len(nodes) :]
    return level[0]


def outcome_hash(picks: Iterable[Pick]) -> str:
    """SHA-256 over one line `entry|event|market|rank|tickets` for each winner, in entry id order."""
    digest = hashlib.sha256()
    for pick in sorted(picks):
        digest.update("|".join(map(str, pick)).encode() + b"\n")
    return digest.hexdigest()
