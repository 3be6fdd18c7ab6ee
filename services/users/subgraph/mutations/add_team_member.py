"""addTeamMember: a role on the whole team for somebody new."""

from typing import Annotated

import strawberry

from services.kit.types import ID, Forbidden, IdempotencyMismatch, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem
from services.users.subgraph.access_types import ADMIN, Role
from services.users.subgraph.types import Info, RoleBinding, Team


@strawberry.federation.input(description="Who joins which team, as what.", tags=ADMIN)
class AddTeamMemberInput:
    team_id: ID = strawberry.field(description="The team.")
    user_id: ID = strawberry.field(description="Somebody who has signed in at least once.")
    role: Role = strawberry.field(description="Her role on the whole team.", default=Role.VIEWER)
    idempotency_key: str | None = strawberry.field(
        description="Same key, same input: the first answer again. 1 to 200 characters.", default=None
    )


@strawberry.federation.type(description="She is a member, with effect on the very next request.", tags=ADMIN)
class TeamMemberAdded:
    team: Team | None = strawberry.field(description="The team with its members.")
    binding: RoleBinding = strawberry.field(description="Her role.")
    replayed: bool = strawberry.field(
        description="True: an earlier request with this idempotencyKey added her."
    )


AddTeamMemberResult = Annotated[
    TeamMemberAdded | NotFound | Forbidden | ValidationFailed | IdempotencyMismatch,
    strawberry.federation.union(
        "AddTeamMemberResult", description="The member, or why she is none.", tags=ADMIN
    ),
]


@strawberry.federation.mutation(
    description="Adds somebody to a team, as VIEWER unless said otherwise.", tags=ADMIN
)
async def add_team_member(
    info: Info, input: Annotated[AddTeamMemberInput, strawberry.argument(description="The member.")]
) -> AddTeamMemberResult:
    await info.context.session()
    member = {
        "user_id": input.user_id,
        "role": input.role.name,
        "idempotency_key": input.idempotency_key,
    }
    try:
        answer = await info.context.backend.add_member(input.team_id, member)
    except Problem as problem:
        return typed(problem, NotFound, Forbidden, ValidationFailed, IdempotencyMismatch)
    team = await Team.resolve_reference(info, input.team_id)
    return TeamMemberAdded(team=team, binding=RoleBinding.of(answer.binding), replayed=answer.replayed)
