"""removeEvent: takes an event off a campaign."""

from typing import Annotated

import strawberry

from services.campaigns.subgraph.loaders import Key
from services.campaigns.subgraph.types import Campaign, Info
from services.kit.types import ID, Conflict, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.federation.input(description="Which event to remove.", tags=["admin"])
class RemoveEventInput:
    id: ID = strawberry.field(description="The event.")
    expected_version: int | None = strawberry.field(
        description="The campaign's version that the decision was made on; without it it holds for any.",
        default=None,
    )


@strawberry.federation.type(description="The event is gone.", tags=["admin"])
class EventRemoved:
    campaign: Campaign = strawberry.field(description="The campaign as it is now.")


RemoveEventResult = Annotated[
    EventRemoved | NotFound | ValidationFailed | Conflict,
    strawberry.federation.union("RemoveEventResult", description="What became of it.", tags=["admin"]),
]


@strawberry.federation.mutation(
    description="Removes an event, as long as the campaign has not opened.", tags=["admin"]
)
async def remove_event(
    info: Info, input: Annotated[RemoveEventInput, strawberry.argument(description="Which event.")]
) -> RemoveEventResult:
    campaign = await info.context.campaign_by_key.load(Key("event", input.id))
    try:
        changed = await info.context.backend.remove_event(campaign.id, input)
    except Problem as problem:
        return typed(problem, NotFound, ValidationFailed, Conflict)
    return EventRemoved(campaign=Campaign.of(changed.campaign))
