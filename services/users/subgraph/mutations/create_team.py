"""createTeam: a new team, owned by who opens it."""

from typing import Annotated

import strawberry

from services.kit.types import IdempotencyMismatch, ValidationFailed, typed
from services.kit.upstream import Problem
from services.users.subgraph.access_types import ADMIN
from services.users.subgraph.types import Info, Team


@strawberry.federation.input(description="The team to open.", tags=ADMIN)
class CreateTeamInput:
    name: str = strawberry.field(description="What it calls itself: one line of 1 to 120 characters.")
    idempotency_key: str | None = strawberry.field(
        description="Same key, same input: no second team, and the first answer again. 1 to 200 characters.",
        default=None,
    )


@strawberry.federation.type(description="The team is there, and the viewer owns it.", tags=ADMIN)
class TeamCreated:
    team: Team = strawberry.field(description="The team.")
    replayed: bool = strawberry.field(
        description="True: an earlier request with this idempotencyKey made it."
    )


CreateTeamResult = Annotated[
    TeamCreated | ValidationFailed | IdempotencyMismatch,
    strawberry.federation.union(
        "CreateTeamResult", description="The new team, or why there is none.", tags=ADMIN
    ),
]


@strawberry.federation.mutation(
    description="Opens a team; for those who manage a team already (TEAM_MANAGE on any team).", tags=ADMIN
)
async def create_team(
    info: Info, input: Annotated[CreateTeamInput, strawberry.argument(description="The team.")]
) -> CreateTeamResult:
    await info.context.session()
    try:
        answer = await info.context.backend.create_team(input.name, input.idempotency_key)
    except Problem as problem:
        return typed(problem, ValidationFailed, IdempotencyMismatch)
    return TeamCreated(team=Team.of(answer.team), replayed=answer.replayed)
