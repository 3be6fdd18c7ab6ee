"""cloneCampaign: a draft with all that another campaign was set up with."""

from typing import Annotated

import strawberry

from services.campaigns.subgraph.types import Campaign, Info
from services.kit.types import ID, IdempotencyMismatch, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.federation.input(description="Which campaign to copy, and what is different.", tags=["admin"])
class CloneCampaignInput:
    id: ID = strawberry.field(description="The campaign to copy, in any state.")
    slug: str = strawberry.field(
        description="The copy's name in links, unique: 3 to 80 lower-case letters, digits and single hyphens."
    )
    shift_days: int = strawberry.field(
        description="By how many calendar days all dates move, -3,650 to 3,650. Local times stay: a show at 20:00 in "
        "New York stays at 20:00 there when the clocks change in between. The venue's time zone counts, for "
        "registration that of the first event with a venue, and UTC where there is none.",
        default=0,
    )
    idempotency_key: str | None = strawberry.field(
        description="The same key with the same input answers what the first call answered.", default=None
    )


@strawberry.federation.type(description="The copy is there, as a draft of the same team.", tags=["admin"])
class CampaignCloned:
    campaign: Campaign = strawberry.field(description="The copy.")


CloneCampaignResult = Annotated[
    CampaignCloned | NotFound | ValidationFailed | IdempotencyMismatch,
    strawberry.federation.union("CloneCampaignResult", description="What became of it.", tags=["admin"]),
]


@strawberry.federation.mutation(
    description="Copies a campaign: its texts, gate, scores, artists, markets, events and settings, under new ids. "
    "State, entries, waves and codes stay behind.",
    tags=["admin"],
)
async def clone_campaign(
    info: Info, input: Annotated[CloneCampaignInput, strawberry.argument(description="What to copy.")]
) -> CloneCampaignResult:
    try:
        changed = await info.context.backend.clone_campaign(input.id, input)
    except Problem as problem:
        return typed(problem, NotFound, ValidationFailed, IdempotencyMismatch)
    return CampaignCloned(campaign=Campaign.of(changed.campaign))
