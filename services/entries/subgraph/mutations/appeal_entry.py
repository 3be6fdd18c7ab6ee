"""appealEntry: a fan says something to a decision about her entry."""

from typing import Annotated

import strawberry

from services.entries.subgraph.types import Entry, Info
from services.kit.types import ID, Error, IdempotencyMismatch, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.input(description="What the caller says to the last decision about her entry.")
class AppealEntryInput:
    entry_id: ID = strawberry.field(description="The caller's entry.")
    note: str = strawberry.field(description="Her words, 1 to 2000 characters. Only reviewers read them.")
    idempotency_key: str | None = strawberry.field(
        description="1 to 200 characters that name this attempt: repeating it answers what the first try answered.",
        default=None,
    )


@strawberry.type(description="Reviewers will read it.")
class EntryAppealed:
    entry: Entry = strawberry.field(
        description="The entry as it is now; the appeal alone changes nothing else."
    )
    replayed: bool = strawberry.field(
        description="True when an earlier call with the same idempotencyKey had done it."
    )


@strawberry.type(description="The entry is neither held back nor turned down by a decision.")
class NothingToAppeal(Error): ...


@strawberry.type(description="This decision has been appealed before: once is all.")
class AlreadyAppealed(Error): ...


AppealEntryResult = Annotated[
    EntryAppealed | NotFound | NothingToAppeal | AlreadyAppealed | ValidationFailed | IdempotencyMismatch,
    strawberry.union("AppealEntryResult", description="What became of an appeal."),
]


@strawberry.mutation(
    description="Appeals the decision that holds the caller's own entry back or turned it down, once a decision. "
    "`Entry.mayAppeal` says whether she may."
)
async def appeal_entry(
    info: Info, input: Annotated[AppealEntryInput, strawberry.argument(description="The appeal.")]
) -> AppealEntryResult:
    try:
        answer = await info.context.reviews.backend.appeal(input.entry_id, input.note, input.idempotency_key)
    except Problem as problem:
        return typed(
            problem, NotFound, NothingToAppeal, AlreadyAppealed, ValidationFailed, IdempotencyMismatch
        )
    return EntryAppealed(entry=Entry.of(answer.entry), replayed=answer.replayed)
