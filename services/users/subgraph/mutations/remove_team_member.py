"""removeTeamMember: all her roles on a team end."""

from typing import Annotated

import strawberry

from services.kit.types import ID, Forbidden, NotFound, typed
from services.kit.upstream import Problem
from services.users.subgraph.access_types import ADMIN
from services.users.subgraph.mutations.revoke_role import LastOwner
from services.users.subgraph.types import Info, Team


@strawberry.federation.input(description="Who leaves which team.", tags=ADMIN)
class RemoveTeamMemberInput:
    team_id: ID = strawberry.field(description="The team.")
    user_id: ID = strawberry.field(description="The member; who leaves herself gives her own id.")


@strawberry.federation.type(
    description="All her roles there have ended, with effect on the very next request.", tags=ADMIN
)
class TeamMemberRemoved:
    team_id: ID = strawberry.field(description="The team's id.")
    user_id: ID = strawberry.field(description="Who is no member any more.")
    team: Team | None = strawberry.field(description="The team; null to who left it herself.")


RemoveTeamMemberResult = Annotated[
    TeamMemberRemoved | NotFound | Forbidden | LastOwner,
    strawberry.federation.union("RemoveTeamMemberResult", description="She is gone, or why not.", tags=ADMIN),
]


@strawberry.federation.mutation(
    description="Ends all roles of a member on a team and its campaigns. Everybody may leave, but the last owner.",
    tags=ADMIN,
)
async def remove_team_member(
    info: Info, input: Annotated[RemoveTeamMemberInput, strawberry.argument(description="The member.")]
) -> RemoveTeamMemberResult:
    await info.context.session()
    try:
        await info.context.backend.remove_member(input.team_id, input.user_id)
    except Problem as problem:
        return typed(problem, NotFound, Forbidden, LastOwner)
    team = await Team.resolve_reference(info, input.team_id)
    return TeamMemberRemoved(team_id=input.team_id, user_id=input.user_id, team=team)
