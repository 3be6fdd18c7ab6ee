"""updateCampaign: what the input gives, everything else stays."""

from typing import Annotated

import strawberry

from services.campaigns.subgraph.input_types import ScoreRangeInput, WindowInput
from services.campaigns.subgraph.types import Campaign, IdentityKey, Info
from services.kit.types import ID, Conflict, CountryCode, Locale, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.federation.input(
    description="What to change of a campaign; fields that are left out stay.", tags=["admin"]
)
class UpdateCampaignInput:
    id: ID = strawberry.field(description="The campaign.")
    expected_version: int = strawberry.field(description="The version that the change was made from.")
    slug: str | None = strawberry.field(
        description="Its name in links; only until it opens.", default=strawberry.UNSET
    )
    default_locale: Locale | None = strawberry.field(
        description="The locale whose texts serve when no other fits.", default=strawberry.UNSET
    )
    countries: list[CountryCode] | None = strawberry.field(
        description="Where it is offered.", default=strawberry.UNSET
    )
    registration: WindowInput | None = strawberry.field(
        description="When fans can enter; only until it closes.", default=strawberry.UNSET
    )
    phone_required: bool | None = strawberry.field(
        description="Whether an entry counts only with a confirmed phone number; only until registration opens.",
        default=strawberry.UNSET,
    )
    identity_key: IdentityKey | None = strawberry.field(
        description="What makes a person one person here; only until it opens.", default=strawberry.UNSET
    )
    score_range: ScoreRangeInput | None = strawberry.field(
        description="Which scores can be selected; null: all.", default=strawberry.UNSET
    )
    promoter_id: ID | None = strawberry.field(
        description="Who puts it on, a promoter of the team; null: nobody. Only until it opens.",
        default=strawberry.UNSET,
    )
    hero_upload_id: ID | None = strawberry.field(
        description="Its picture: an upload for HERO_IMAGE of the team that is READY; null: none.",
        default=strawberry.UNSET,
    )
    artist_ids: list[ID] | None = strawberry.field(
        description="Who performs, most important first.", default=strawberry.UNSET
    )


@strawberry.federation.type(description="The campaign is changed.", tags=["admin"])
class CampaignUpdated:
    campaign: Campaign = strawberry.field(description="The campaign as it is now.")


UpdateCampaignResult = Annotated[
    CampaignUpdated | NotFound | ValidationFailed | Conflict,
    strawberry.federation.union("UpdateCampaignResult", description="What became of it.", tags=["admin"]),
]


@strawberry.federation.mutation(description="Changes a campaign.", tags=["admin"])
async def update_campaign(
    info: Info, input: Annotated[UpdateCampaignInput, strawberry.argument(description="What to change.")]
) -> UpdateCampaignResult:
    try:
        changed = await info.context.backend.update_campaign(input.id, input)
    except Problem as problem:
        return typed(problem, NotFound, ValidationFailed, Conflict)
    return CampaignUpdated(campaign=Campaign.of(changed.campaign))
