"""withdrawEntry: a fan takes her registration back."""

from typing import Annotated

import strawberry

from services.entries.subgraph.outcomes_types import CampaignNotOpen, rate_limited
from services.entries.subgraph.types import Entry, Info
from services.kit import errors
from services.kit.types import ID, IllegalTransition, NotFound, RateLimited, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.input(description="Which entry to take back.")
class WithdrawEntryInput:
    id: ID = strawberry.field(description="The caller's entry.")


@strawberry.type(description="The entry is taken back. She may submit again while the campaign is open.")
class EntryWithdrawn:
    entry: Entry = strawberry.field(description="The entry as it is now.")


WithdrawEntryResult = Annotated[
    EntryWithdrawn | CampaignNotOpen | IllegalTransition | NotFound | RateLimited | ValidationFailed,
    strawberry.union("WithdrawEntryResult", description="What became of a withdrawal."),
]


@strawberry.mutation(
    description="Takes the caller's own entry back, while the campaign is open. Safe to repeat."
)
async def withdraw_entry(
    info: Info, input: Annotated[WithdrawEntryInput, strawberry.argument(description="The entry.")]
) -> WithdrawEntryResult:
    try:
        info.context.hold_back()
    except errors.RateLimited as busy:
        return rate_limited(busy)
    try:
        entry = await info.context.backend.withdraw(input.id)
    except Problem as problem:
        return typed(problem, CampaignNotOpen, IllegalTransition, NotFound, RateLimited, ValidationFailed)
    return EntryWithdrawn(entry=Entry.of(entry))
