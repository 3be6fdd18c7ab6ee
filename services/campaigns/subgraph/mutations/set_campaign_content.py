"""setCampaignContent: a campaign's texts in one locale."""

from typing import Annotated

import strawberry

from services.campaigns.subgraph.input_types import CampaignContentInput
from services.campaigns.subgraph.types import Campaign, Info
from services.kit.types import ID, Conflict, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.federation.input(
    description="Texts for one locale; they replace all that is there in it.", tags=["admin"]
)
class SetCampaignContentInput(CampaignContentInput):
    id: ID = strawberry.field(description="The campaign.")
    expected_version: int | None = strawberry.field(
        description="The version that the texts were written for; without it they are set on any.",
        default=None,
    )


@strawberry.federation.type(description="The texts are set.", tags=["admin"])
class CampaignContentSet:
    campaign: Campaign = strawberry.field(description="The campaign as it is now.")


SetCampaignContentResult = Annotated[
    CampaignContentSet | NotFound | ValidationFailed | Conflict,
    strawberry.federation.union("SetCampaignContentResult", description="What became of it.", tags=["admin"]),
]


@strawberry.federation.mutation(description="Sets a campaign's texts in one locale.", tags=["admin"])
async def set_campaign_content(
    info: Info, input: Annotated[SetCampaignContentInput, strawberry.argument(description="The texts.")]
) -> SetCampaignContentResult:
    try:
        changed = await info.context.backend.set_campaign_content(input.id, input)
    except Problem as problem:
        return typed(problem, NotFound, ValidationFailed, Conflict)
    return CampaignContentSet(campaign=Campaign.of(changed.campaign))
