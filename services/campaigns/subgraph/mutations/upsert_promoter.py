"""upsertPromoter: a new promoter, or another version of one."""

from typing import Annotated

import strawberry

from services.campaigns.subgraph.backend import as_body
from services.campaigns.subgraph.promoters_types import Promoter
from services.campaigns.subgraph.types import Info
from services.kit.types import (
    ID,
    URL,
    Conflict,
    EmailAddress,
    IdempotencyMismatch,
    Locale,
    NotFound,
    ValidationFailed,
    typed,
)
from services.kit.upstream import Problem


@strawberry.federation.input(
    description="A promoter to add to a team, or with `id` to replace with all its fields.", tags=["admin"]
)
class UpsertPromoterInput:
    team_id: ID | None = strawberry.field(description="The team of a new promoter.", default=None)
    id: ID | None = strawberry.field(description="The promoter to replace.", default=None)
    name: str = strawberry.field(
        description="What people know it by, at most 120 characters; once in a team."
    )
    legal_name: str = strawberry.field(description="The company, at most 200 characters.")
    support_email: EmailAddress | None = strawberry.field(
        description="Whom fans can turn to; shown on campaigns.", default=None
    )
    privacy_policy_url: URL | None = strawberry.field(
        description="An https link; needed with `sharesFanData`.", default=None
    )
    default_locale: Locale = strawberry.field(description="The default locale of campaigns that name none.")
    shares_fan_data: bool = strawberry.field(
        description="Whether fans' data may be handed to it. Fans are told on the campaign, so it cannot be turned on "
        "once one of its campaigns has begun; it can be turned off at any time.",
        default=False,
    )
    expected_version: int | None = strawberry.field(
        description="The promoter's version that the change was made from; without it it is made on any.",
        default=None,
    )
    idempotency_key: str | None = strawberry.field(
        description="The same key with the same input acts once.", default=None
    )


@strawberry.federation.type(
    description="The promoter is there, and its campaigns show it as it is now.", tags=["admin"]
)
class PromoterUpserted:
    promoter: Promoter = strawberry.field(description="The promoter as it is now.")


UpsertPromoterResult = Annotated[
    PromoterUpserted | NotFound | ValidationFailed | Conflict | IdempotencyMismatch,
    strawberry.federation.union("UpsertPromoterResult", description="What became of it.", tags=["admin"]),
]


@strawberry.federation.mutation(description="Adds a promoter to a team, or replaces one.", tags=["admin"])
async def upsert_promoter(
    info: Info, input: Annotated[UpsertPromoterInput, strawberry.argument(description="The promoter.")]
) -> UpsertPromoterResult:
    try:
        row = await info.context.promoters.put(as_body(input))
    except Problem as problem:
        return typed(problem, NotFound, ValidationFailed, Conflict, IdempotencyMismatch)
    return PromoterUpserted(promoter=Promoter.of(row))
