"""Decisions about entries that people look at."""

from enum import Enum
from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from services.entries.subgraph import reviews_backend as backend
from services.kit.types import ID, DateTime

if TYPE_CHECKING:
    from services.entries.subgraph.types import User

LazyUser = Annotated["User", strawberry.lazy("services.entries.subgraph.types")]


@strawberry.enum(description="What can be decided about an entry.")
class ReviewDecision(Enum):
    ACCEPT = strawberry.enum_value(
        "ACCEPT",
        description="It takes part; where the campaign asks for a phone, once one is confirmed in time.",
    )
    REJECT = strawberry.enum_value(
        "REJECT", description="It is out, unless a later decision takes it up again."
    )
    HOLD = strawberry.enum_value("HOLD", description="It is held back until somebody accepts or rejects it.")


@strawberry.federation.type(description="What a fan said to a decision.", tags=["admin"])
class Appeal:
    note: str | None = strawberry.field(description="Her words; null once she is erased.")
    submitted_at: DateTime = strawberry.field(description="When she said it.")


@strawberry.federation.type(description="A decision about an entry.", tags=["admin"])
class Review:
    id: ID = strawberry.field(description="Opaque id.")
    decision: ReviewDecision = strawberry.field(description="What was decided.")
    decided_by: LazyUser | None = strawberry.field(
        description="Who decided; null: the campaign's `reviewThreshold` held it back."
    )
    note: str | None = strawberry.field(description="What the reviewer noted. The fan does not see it.")
    decided_at: DateTime = strawberry.field(description="When.")
    appeal: Appeal | None = strawberry.field(description="What the fan said to it, once at most.")

    @classmethod
    def of(cls, row: backend.Review) -> Self:
        """The graph's view of what the Entry Service answered."""
        from services.entries.subgraph.types import User

        return cls(
            id=ID(row.id),
            decision=ReviewDecision(row.decision),
            decided_by=None if row.reviewer is None else User(id=ID(row.reviewer)),
            note=row.note,
            decided_at=DateTime(row.decided_at),
            appeal=row.appealed_at and Appeal(note=row.appeal, submitted_at=DateTime(row.appealed_at)),
        )
