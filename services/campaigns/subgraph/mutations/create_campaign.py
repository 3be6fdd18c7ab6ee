"""createCampaign: a draft, with as much of it as is known already."""

from typing import Annotated

import strawberry

from services.campaigns.subgraph.gate_types import GateInput
from services.campaigns.subgraph.input_types import CampaignContentInput, ScoreRangeInput, WindowInput
from services.campaigns.subgraph.types import Campaign, IdentityKey, Info
from services.kit.types import ID, CountryCode, IdempotencyMismatch, Locale, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.federation.input(description="A new campaign.", tags=["admin"])
class CreateCampaignInput:
    team_id: ID = strawberry.field(description="The team that owns it.")
    slug: str = strawberry.field(
        description="Its name in links, unique: 3 to 80 lower-case letters, digits and single hyphens."
    )
    default_locale: Locale | None = strawberry.field(
        description="The locale whose texts serve when no other fits; without it the promoter's.",
        default=None,
    )
    promoter_id: ID | None = strawberry.field(
        description="Who puts it on, a promoter of the team.", default=None
    )
    hero_upload_id: ID | None = strawberry.field(
        description="Its picture: an upload for HERO_IMAGE of the team that is READY.", default=None
    )
    countries: list[CountryCode] = strawberry.field(description="Where it is offered; at least one.")
    registration: WindowInput = strawberry.field(description="When fans can enter.")
    phone_required: bool = strawberry.field(
        description="Whether an entry counts only with a confirmed phone number.", default=False
    )
    identity_key: IdentityKey = strawberry.field(
        description="What makes a person one person here.", default=IdentityKey.EMAIL
    )
    gate: GateInput | None = strawberry.field(
        description="What a fan must fulfil to enter; without it everybody can.", default=None
    )
    score_range: ScoreRangeInput | None = strawberry.field(
        description="Which scores can be selected; without it all.", default=None
    )
    artist_ids: list[ID] = strawberry.field(
        description="Who performs, most important first.", default_factory=list
    )
    contents: list[CampaignContentInput] = strawberry.field(
        description="Its texts; more can follow by `setCampaignContent`.", default_factory=list
    )
    idempotency_key: str | None = strawberry.field(
        description="The same key with the same input answers what the first call answered.", default=None
    )


@strawberry.federation.type(description="The campaign is a draft now.", tags=["admin"])
class CampaignCreated:
    campaign: Campaign = strawberry.field(description="The draft.")


CreateCampaignResult = Annotated[
    CampaignCreated | ValidationFailed | IdempotencyMismatch,
    strawberry.federation.union("CreateCampaignResult", description="What became of it.", tags=["admin"]),
]


@strawberry.federation.mutation(description="Creates a campaign as a draft of a team.", tags=["admin"])
async def create_campaign(
    info: Info, input: Annotated[CreateCampaignInput, strawberry.argument(description="The new campaign.")]
) -> CreateCampaignResult:
    try:
        changed = await info.context.backend.create_campaign(input)
    except Problem as problem:
        return typed(problem, ValidationFailed, IdempotencyMismatch)
    return CampaignCreated(campaign=Campaign.of(changed.campaign))
