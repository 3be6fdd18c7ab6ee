"""upsertEvent: a new event, or another version of one."""

from typing import Annotated

import strawberry

from services.campaigns.subgraph.input_types import WindowInput
from services.campaigns.subgraph.markets_types import CodeMode, Event
from services.campaigns.subgraph.types import Campaign, Info
from services.kit.types import (
    ID,
    Conflict,
    DateTime,
    IdempotencyMismatch,
    NotFound,
    ValidationFailed,
    typed,
)
from services.kit.upstream import Problem


@strawberry.federation.input(
    description="An event to add, or with `id` to replace with all its fields.", tags=["admin"]
)
class UpsertEventInput:
    campaign_id: ID = strawberry.field(description="The campaign.")
    market_id: ID = strawberry.field(description="The market it is in.")
    id: ID | None = strawberry.field(
        description="The event to replace; without it one is added.", default=None
    )
    name: str = strawberry.field(description="What fans know it by, at most 200 characters.")
    presale: WindowInput = strawberry.field(description="When access codes work.")
    allocation: int = strawberry.field(description="How many tickets winners can get.")
    code_mode: CodeMode = strawberry.field(
        description="How its access codes may be used.", default=CodeMode.SINGLE_USE
    )
    starts_at: DateTime | None = strawberry.field(
        description="When the show starts. Give this or `startsAtLocal`.", default=None
    )
    starts_at_local: str | None = strawberry.field(
        description="When the show starts by the clocks of its market (the venue's time zone, else that of the nearest"
        " city): `2027-06-12T19:30`. A time that clocks skip or show twice that day is refused.",
        default=None,
    )
    ticket_limit: int = strawberry.field(
        description="How many tickets one winner can buy at most, 1 to 20.", default=4
    )
    expected_version: int | None = strawberry.field(
        description="The campaign's version that the change was made from; without it it is made on any.",
        default=None,
    )
    idempotency_key: str | None = strawberry.field(
        description="The same key with the same input answers what the first call answered.", default=None
    )


@strawberry.federation.type(description="The event is there.", tags=["admin"])
class EventUpserted:
    event: Event = strawberry.field(description="The event as it is now.")
    campaign: Campaign = strawberry.field(description="The campaign as it is now.")


UpsertEventResult = Annotated[
    EventUpserted | NotFound | ValidationFailed | Conflict | IdempotencyMismatch,
    strawberry.federation.union("UpsertEventResult", description="What became of it.", tags=["admin"]),
]


@strawberry.federation.mutation(description="Adds an event to a market, or replaces one.", tags=["admin"])
async def upsert_event(
    info: Info, input: Annotated[UpsertEventInput, strawberry.argument(description="The event.")]
) -> UpsertEventResult:
    try:
        changed = await info.context.backend.put_event(input.campaign_id, input)
    except Problem as problem:
        return typed(problem, NotFound, ValidationFailed, Conflict, IdempotencyMismatch)
    return EventUpserted(
        event=Event.in_campaign(changed.campaign, changed.target), campaign=Campaign.of(changed.campaign)
    )
