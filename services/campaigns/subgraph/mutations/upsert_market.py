"""upsertMarket: a new market, or another version of one."""

from typing import Annotated

import strawberry

from services.campaigns.subgraph.input_types import GeoPointInput
from services.campaigns.subgraph.markets_types import Market
from services.campaigns.subgraph.types import Campaign, Info
from services.kit.types import (
    ID,
    Conflict,
    CountryCode,
    IdempotencyMismatch,
    NotFound,
    ValidationFailed,
    typed,
)
from services.kit.upstream import Problem


@strawberry.federation.input(
    description="A market to add, or with `id` to replace with all its fields.", tags=["admin"]
)
class UpsertMarketInput:
    campaign_id: ID = strawberry.field(description="The campaign.")
    id: ID | None = strawberry.field(
        description="The market to replace; without it one is added.", default=None
    )
    name: str = strawberry.field(description="What fans choose it by, at most 120 characters.")
    country: CountryCode = strawberry.field(description="The country it is in.")
    venue_id: ID | None = strawberry.field(
        description="Where its shows happen, if all happen in one place.", default=None
    )
    location: GeoPointInput | None = strawberry.field(
        description="Its middle; without it the venue's place.", default=None
    )
    radius_km: float | None = strawberry.field(
        description="How far it reaches, 0.1 to 1,000 kilometres.", default=None
    )
    expected_version: int | None = strawberry.field(
        description="The campaign's version that the change was made from; without it it is made on any.",
        default=None,
    )
    idempotency_key: str | None = strawberry.field(
        description="The same key with the same input answers what the first call answered.", default=None
    )


@strawberry.federation.type(description="The market is there.", tags=["admin"])
class MarketUpserted:
    market: Market = strawberry.field(description="The market as it is now.")
    campaign: Campaign = strawberry.field(description="The campaign as it is now.")


UpsertMarketResult = Annotated[
    MarketUpserted | NotFound | ValidationFailed | Conflict | IdempotencyMismatch,
    strawberry.federation.union("UpsertMarketResult", description="What became of it.", tags=["admin"]),
]


@strawberry.federation.mutation(
    description="Adds a market to a campaign, or replaces one. Fans can choose it once it has an event.",
    tags=["admin"],
)
async def upsert_market(
    info: Info, input: Annotated[UpsertMarketInput, strawberry.argument(description="The market.")]
) -> UpsertMarketResult:
    try:
        changed = await info.context.backend.put_market(input.campaign_id, input)
    except Problem as problem:
        return typed(problem, NotFound, ValidationFailed, Conflict, IdempotencyMismatch)
    return MarketUpserted(
        market=Market.in_campaign(changed.campaign, changed.target), campaign=Campaign.of(changed.campaign)
    )
