"""updateEntryPreferences: a fan changes her wishes."""

from typing import Annotated

import strawberry

from services.entries.subgraph.mutations.submit_entry import PreferenceInput
from services.entries.subgraph.outcomes_types import CampaignNotOpen, InvalidPreferences, rate_limited
from services.entries.subgraph.types import Entry, Info
from services.kit import errors
from services.kit.types import ID, IllegalTransition, NotFound, RateLimited, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.input(description="New wishes for an entry; what is left out stays.")
class UpdateEntryPreferencesInput:
    id: ID = strawberry.field(description="The caller's entry.")
    preferences: list[PreferenceInput] | None = strawberry.field(
        description="The markets she would go to, in rank order, in place of the old ones.", default=None
    )
    ticket_quantity: int | None = strawberry.field(
        description="How many tickets she would like to buy, up to the highest limit of the ranked markets' events.",
        default=None,
    )


@strawberry.type(description="The entry has its new wishes.")
class EntryPreferencesUpdated:
    entry: Entry = strawberry.field(description="The entry as it is now.")


UpdateEntryPreferencesResult = Annotated[
    EntryPreferencesUpdated
    | CampaignNotOpen
    | InvalidPreferences
    | IllegalTransition
    | NotFound
    | RateLimited
    | ValidationFailed,
    strawberry.union("UpdateEntryPreferencesResult", description="What became of a change of wishes."),
]


@strawberry.mutation(description="Changes the wishes of the caller's own entry, while the campaign is open.")
async def update_entry_preferences(
    info: Info,
    input: Annotated[UpdateEntryPreferencesInput, strawberry.argument(description="The new wishes.")],
) -> UpdateEntryPreferencesResult:
    try:
        info.context.hold_back()
    except errors.RateLimited as busy:
        return rate_limited(busy)
    market_ids = None if input.preferences is None else [p.market_id for p in input.preferences]
    try:
        entry = await info.context.backend.amend(input.id, market_ids, input.ticket_quantity)
    except Problem as problem:
        return typed(
            problem,
            CampaignNotOpen,
            InvalidPreferences,
            IllegalTransition,
            NotFound,
            RateLimited,
            ValidationFailed,
        )
    return EntryPreferencesUpdated(entry=Entry.of(entry))
