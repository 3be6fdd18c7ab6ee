"""revokeRole: one role ends."""

from typing import Annotated

import strawberry

from services.kit.types import ID, Error, Forbidden, NotFound, typed
from services.kit.upstream import Problem
from services.users.subgraph.access_types import ADMIN
from services.users.subgraph.types import Info


@strawberry.federation.input(description="Which role ends.", tags=ADMIN)
class RevokeRoleInput:
    id: ID = strawberry.field(description="The role binding.")


@strawberry.federation.type(
    description="The role has ended, with effect on the very next request.", tags=ADMIN
)
class RoleRevoked:
    id: ID = strawberry.field(description="The role binding that is no more.")


@strawberry.federation.type(
    description="The team would be left without an owner: make somebody else owner first.", tags=ADMIN
)
class LastOwner(Error): ...


RevokeRoleResult = Annotated[
    RoleRevoked | NotFound | Forbidden | LastOwner,
    strawberry.federation.union(
        "RevokeRoleResult", description="The role has ended, or why not.", tags=ADMIN
    ),
]


@strawberry.federation.mutation(
    description="Ends a role: the viewer's own, or one that she could grant there herself.", tags=ADMIN
)
async def revoke_role(
    info: Info, input: Annotated[RevokeRoleInput, strawberry.argument(description="The role.")]
) -> RevokeRoleResult:
    await info.context.session()
    try:
        ended = await info.context.backend.revoke_role(input.id)
    except Problem as problem:
        return typed(problem, NotFound, Forbidden, LastOwner)
    return RoleRevoked(id=ID(ended.id))
