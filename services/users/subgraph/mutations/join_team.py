"""joinTeam: whoever was added to a team takes her place there."""

from typing import Annotated

import strawberry

from services.kit.types import ID, NotFound, typed
from services.kit.upstream import Problem
from services.users.subgraph.access_types import ADMIN
from services.users.subgraph.types import Info, Team


@strawberry.federation.input(description="Which team the viewer joins.", tags=ADMIN)
class JoinTeamInput:
    team_id: ID = strawberry.field(description="A team where she was given a role.")


@strawberry.federation.type(
    description="The viewer is in the team by her own will: her colleagues see who she is.", tags=ADMIN
)
class TeamJoined:
    team: Team = strawberry.field(description="The team.")


JoinTeamResult = Annotated[
    TeamJoined | NotFound,
    strawberry.federation.union(
        "JoinTeamResult", description="She is in, or there is no such team.", tags=ADMIN
    ),
]


@strawberry.federation.mutation(
    description="Takes the place that the viewer was given in a team. Her roles count without it, but only now do "
    "colleagues see her name (PII_READ), language and country. Safe to repeat.",
    tags=ADMIN,
)
async def join_team(
    info: Info, input: Annotated[JoinTeamInput, strawberry.argument(description="The team.")]
) -> JoinTeamResult:
    await info.context.session()
    try:
        team = await info.context.backend.join_team(input.team_id)
    except Problem as problem:
        return typed(problem, NotFound)
    return TeamJoined(team=Team.of(team))
