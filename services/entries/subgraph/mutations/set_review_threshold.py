"""setReviewThreshold: below which score a campaign's entries are held back for people to look at."""

from typing import Annotated

import strawberry

from services.entries.subgraph.types import Campaign, Info
from services.kit.types import ID, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.input(description="Below which score entries of a campaign are held back.")
class SetReviewThresholdInput:
    campaign_id: ID = strawberry.field(description="The campaign.")
    below_score: float | None = strawberry.field(
        description="0 to 1: entries that score less are held back, of those that are there already too, except where "
        "somebody has decided. Null holds none back any more; what is held back stays for people to decide.",
        default=None,
    )


@strawberry.type(description="The threshold is set.")
class ReviewThresholdSet:
    campaign: Campaign = strawberry.field(description="The campaign.")


SetReviewThresholdResult = Annotated[
    ReviewThresholdSet | NotFound | ValidationFailed,
    strawberry.union("SetReviewThresholdResult", description="What became of setting the threshold."),
]


@strawberry.federation.mutation(
    description="Sets below which score entries are held back as UNDER_REVIEW. Safe to repeat.",
    tags=["admin"],
)
async def set_review_threshold(
    info: Info, input: Annotated[SetReviewThresholdInput, strawberry.argument(description="The threshold.")]
) -> SetReviewThresholdResult:
    try:
        await info.context.reviews.backend.set_threshold(input.campaign_id, input.below_score)
    except Problem as problem:
        return typed(problem, NotFound, ValidationFailed)
    return ReviewThresholdSet(campaign=Campaign(id=input.campaign_id))
