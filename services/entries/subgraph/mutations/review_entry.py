"""reviewEntry: a person decides about an entry."""

from typing import Annotated

import strawberry

from services.entries.subgraph.reviews_types import ReviewDecision
from services.entries.subgraph.types import Entry, Info
from services.kit.types import ID, Conflict, IllegalTransition, NotFound, RateLimited, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.input(description="A decision about an entry.")
class ReviewEntryInput:
    id: ID = strawberry.field(description="The entry.")
    decision: ReviewDecision = strawberry.field(description="What you decide.")
    note: str | None = strawberry.field(
        description="Why, for other reviewers: 1 to 2000 characters. The fan does not see it.", default=None
    )
    expected_version: int | None = strawberry.field(
        description="The entry's `version` that you looked at: if it is another by now, nothing happens and the answer "
        "is Conflict. Leave it out only where nobody else reviews.",
        default=None,
    )


@strawberry.type(description="The decision has taken effect.")
class EntryReviewed:
    entry: Entry = strawberry.field(description="The entry as it is now.")


ReviewEntryResult = Annotated[
    EntryReviewed | NotFound | Conflict | IllegalTransition | RateLimited | ValidationFailed,
    strawberry.union("ReviewEntryResult", description="What became of a decision."),
]


@strawberry.federation.mutation(
    description="Accepts, rejects or holds an entry back. A roster that is frozen by then stays as it is.",
    tags=["admin"],
)
async def review_entry(
    info: Info, input: Annotated[ReviewEntryInput, strawberry.argument(description="The decision.")]
) -> ReviewEntryResult:
    try:
        entry = await info.context.reviews.backend.decide(
            input.id, input.decision.name, input.note, input.expected_version
        )
    except Problem as problem:
        return typed(problem, NotFound, Conflict, IllegalTransition, RateLimited, ValidationFailed)
    return EntryReviewed(entry=Entry.of(entry))
