"""Draws as anybody may know them: what is published before and after, and how a fan checks her own place."""

from enum import Enum
from typing import Any, Self

import strawberry

from services.entries.subgraph import waves_backend as backend
from services.kit.types import ID, DateTime

Info = strawberry.Info[Any, Any]


@strawberry.enum(description="Where a wave is in its life.")
class WaveState(Enum):
    DRAFT = strawberry.enum_value("DRAFT", description="Can be previewed and called off; nothing is decided.")
    COMMITTED = strawberry.enum_value(
        "COMMITTED",
        description="The commitment to the seed is published, and the root of the roster as soon as that is "
        "frozen.",
    )
    RUNNING = strawberry.enum_value(
        "RUNNING", description="Handed to the worker; when `job` has succeeded it can be made final."
    )
    FINALIZED = strawberry.enum_value(
        "FINALIZED", description="Final: winners see it, codes may be assigned."
    )
    CANCELLED = strawberry.enum_value("CANCELLED", description="Called off; nobody won.")


@strawberry.enum(
    description="In which order fans choose. Each takes the best-ranked market that has room for her whole party."
)
class SelectionStrategy(Enum):
    RANDOM_PRIORITY = strawberry.enum_value(
        "RANDOM_PRIORITY",
        description="In lottery order. No fan can gain by ranking markets in another order than she likes them.",
    )
    WEIGHTED_RANDOM_PRIORITY = strawberry.enum_value(
        "WEIGHTED_RANDOM_PRIORITY",
        description="In lottery order, a fan's chance to come early in proportion to her score; no score comes "
        "last.",
    )
    SCORE_PRIORITY = strawberry.enum_value(
        "SCORE_PRIORITY", description="Highest score first, equal scores in lottery order, no score last."
    )
    IMMEDIATE_ACCEPTANCE = strawberry.enum_value(
        "IMMEDIATE_ACCEPTANCE",
        description="In lottery order, but all first choices before any second, and so on.",
    )
    FIRST_COME = strawberry.enum_value("FIRST_COME", description="In the order of registration.")


@strawberry.type(description="Public randomness that nobody could know when the draw was committed to.")
class DrawBeacon:
    source: str = strawberry.field(
        description="Where it comes from, in words: a randomness beacon, a lottery."
    )
    round: str = strawberry.field(description="Which of its results: a round, or a date.")
    value: str | None = strawberry.field(
        description="The result, exactly as it was published; null before the draw was run."
    )


@strawberry.type(
    description="What anybody needs to check that a draw was fair. Hashes are lower-case hex of SHA-256."
)
class DrawProof:
    algorithm: str = strawberry.field(
        description="Name and version of the method, as the documentation describes it."
    )
    roster_root: str = strawberry.field(
        description="Root of the Merkle tree over the frozen roster; published before the draw."
    )
    seed_commitment: str = strawberry.field(description="SHA-256 of the seed; published before the draw.")
    seed: str | None = strawberry.field(
        description="The secret seed, in hex; published when the draw was run."
    )
    beacon: DrawBeacon | None = strawberry.field(
        description="Public randomness that was announced at the commitment and is mixed into the seed; null: none."
    )
    outcome_hash: str | None = strawberry.field(
        description="SHA-256 over all winners; published when the draw was run."
    )

    @classmethod
    def of(cls, draw: backend.Draw) -> Self:
        """The graph's view of what the Entry Service answered."""
        beacon = draw.beacon
        return cls(
            algorithm=draw.algorithm,
            roster_root=draw.roster_root,
            seed_commitment=draw.seed_commitment,
            seed=draw.seed,
            beacon=beacon and DrawBeacon(source=beacon.source, round=beacon.round, value=beacon.value),
            outcome_hash=draw.outcome_hash,
        )


@strawberry.type(
    description="A draw of a campaign, as anybody may know it. Draws that were called off stay listed: nobody "
    "can draw "
    "until the outcome pleases."
)
class Draw:
    wave_id: ID = strawberry.field(description="The wave that was drawn.")
    state: WaveState = strawberry.field(description="Where the wave is in its life.")
    strategy: SelectionStrategy = strawberry.field(description="In which order fans choose.")
    proof: DrawProof = strawberry.field(description="What was published, and when it is there.")
    roster_size: int = strawberry.field(description="Fans on the roster.")
    winners: int | None = strawberry.field(description="Fans who won; null before the draw was run.")
    committed_at: DateTime = strawberry.field(description="When it was committed to.")
    finalized_at: DateTime | None = strawberry.field(description="When its outcome became final.")

    @classmethod
    def of(cls, row: backend.PublicDraw) -> Self:
        """The graph's view of what the Entry Service answered."""
        return cls(
            wave_id=ID(row.wave_id),
            state=WaveState(row.state),
            strategy=SelectionStrategy(row.strategy),
            proof=DrawProof.of(row.draw),
            roster_size=row.eligible,
            winners=row.selected,
            committed_at=DateTime(row.committed_at),
            finalized_at=row.finalized_at and DateTime(row.finalized_at),
        )


@strawberry.type(description="A node beside the way from a leaf to the root.")
class DrawPathNode:
    hash: str = strawberry.field(description="Its hash, in hex.")
    left: bool = strawberry.field(
        description="Whether it stands on the left of the node that it is hashed with."
    )


@strawberry.type(
    description="Proof that an entry was on a roster. Her leaf is SHA-256 of a zero byte and `line`; going up "
    "`path`, a node is "
    "SHA-256 of a one byte, the left and the right hash; the last one is the published root."
)
class DrawReceipt:
    wave_id: ID = strawberry.field(description="The wave.")
    line: str = strawberry.field(
        description="How the roster describes her: `salt|entry|tickets|score|submitted|ranked markets|barred "
        "markets`. "
        "The salt is random and hers alone; a score is only there where the strategy uses it."
    )
    path: list[DrawPathNode] = strawberry.field(description="From her leaf's neighbour up to below the root.")
    roster_root: str = strawberry.field(description="The published root, in hex.")

    @classmethod
    def of(cls, row: backend.Receipt) -> Self:
        """The graph's view of what the Entry Service answered."""
        return cls(
            wave_id=ID(row.wave_id),
            line=row.line,
            path=[DrawPathNode(hash=node.hash, left=node.left) for node in row.path],
            roster_root=row.roster_root,
        )


@strawberry.type(
    description="What drawing a wave once more, from its frozen roster and its published seed, found."
)
class DrawVerification:
    valid: bool = strawberry.field(
        description="Whether all matches. False as long as the draw has not been run."
    )
    roster_root_matches: bool = strawberry.field(
        description="The roster is the one that was published before the draw."
    )
    seed_matches: bool = strawberry.field(
        description="The seed is the one that was committed to before the draw."
    )
    outcome_matches: bool = strawberry.field(
        description="Roster, seed and rules give exactly the winners that there are."
    )
    roster_size: int = strawberry.field(description="Fans on the roster.")
    selected: int = strawberry.field(description="Fans who won.")
    verified_at: DateTime | None = strawberry.field(
        description="When that was found; null: just now. Large draws are repeated in the background, again and "
        "again."
    )

    @classmethod
    def of(cls, found: backend.Verification) -> Self:
        """The graph's view of what the Entry Service answered."""
        return cls(
            valid=found.valid,
            roster_root_matches=found.roster_root_matches,
            seed_matches=found.seed_matches,
            outcome_matches=found.outcome_matches,
            roster_size=found.roster_size,
            selected=found.selected,
            verified_at=found.verified_at and DateTime(found.verified_at),
        )
