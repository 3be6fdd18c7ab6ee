"""removeMarket: takes a market and its events off a campaign."""

from typing import Annotated

import strawberry

from services.campaigns.subgraph.loaders import Key
from services.campaigns.subgraph.types import Campaign, Info
from services.kit.types import ID, Conflict, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.federation.input(description="Which market to remove.", tags=["admin"])
class RemoveMarketInput:
    id: ID = strawberry.field(description="The market.")
    expected_version: int | None = strawberry.field(
        description="The campaign's version that the decision was made on; without it it holds for any.",
        default=None,
    )


@strawberry.federation.type(description="The market and its events are gone.", tags=["admin"])
class MarketRemoved:
    campaign: Campaign = strawberry.field(description="The campaign as it is now.")


RemoveMarketResult = Annotated[
    MarketRemoved | NotFound | ValidationFailed | Conflict,
    strawberry.federation.union("RemoveMarketResult", description="What became of it.", tags=["admin"]),
]


@strawberry.federation.mutation(
    description="Removes a market with its events, as long as the campaign has not opened.", tags=["admin"]
)
async def remove_market(
    info: Info, input: Annotated[RemoveMarketInput, strawberry.argument(description="Which market.")]
) -> RemoveMarketResult:
    campaign = await info.context.campaign_by_key.load(Key("market", input.id))
    try:
        changed = await info.context.backend.remove_market(campaign.id, input)
    except Problem as problem:
        return typed(problem, NotFound, ValidationFailed, Conflict)
    return MarketRemoved(campaign=Campaign.of(changed.campaign))
