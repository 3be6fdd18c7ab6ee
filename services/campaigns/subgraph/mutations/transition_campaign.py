"""transitionCampaign: one step of a campaign's life."""

from typing import Annotated

import strawberry

from services.campaigns.subgraph.lint_types import LintBlocked
from services.campaigns.subgraph.types import Campaign, CampaignState, Info
from services.kit.types import ID, Conflict, IllegalTransition, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.federation.input(description="Which campaign goes to which state.", tags=["admin"])
class TransitionCampaignInput:
    id: ID = strawberry.field(description="The campaign.")
    to: CampaignState = strawberry.field(description="The state to go to.")
    expected_version: int = strawberry.field(description="The version that the decision was made on.")


@strawberry.federation.type(
    description="The campaign has moved on, and every part of the platform knows.", tags=["admin"]
)
class CampaignTransitioned:
    campaign: Campaign = strawberry.field(
        description="The campaign as it is now. Opened ahead of `registration.opensAt` it is SCHEDULED until then."
    )


TransitionCampaignResult = Annotated[
    CampaignTransitioned | NotFound | ValidationFailed | Conflict | IllegalTransition | LintBlocked,
    strawberry.federation.union("TransitionCampaignResult", description="What became of it.", tags=["admin"]),
]


@strawberry.federation.mutation(
    description="Moves a campaign on. It is scheduled or opened only when `campaignLint` finds no errors. Closing is "
    "final; until then it can be cancelled.",
    tags=["admin"],
)
async def transition_campaign(
    info: Info, input: Annotated[TransitionCampaignInput, strawberry.argument(description="The step.")]
) -> TransitionCampaignResult:
    try:
        changed = await info.context.backend.transition_campaign(input.id, input)
    except Problem as problem:
        if problem.code == "LINT_BLOCKED":
            return LintBlocked.of(problem)
        return typed(problem, NotFound, ValidationFailed, Conflict, IllegalTransition)
    return CampaignTransitioned(campaign=Campaign.of(changed.campaign))
