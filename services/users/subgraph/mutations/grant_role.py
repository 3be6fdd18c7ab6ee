"""grantRole: a role on a team or on one campaign."""

from typing import Annotated

import strawberry

from services.kit.types import ID, DateTime, Forbidden, IdempotencyMismatch, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem
from services.users.subgraph.access_types import ADMIN, Role
from services.users.subgraph.mutations.revoke_role import LastOwner
from services.users.subgraph.types import Info, RoleBinding


@strawberry.federation.input(description="Who becomes what, where, and until when.", tags=ADMIN)
class GrantRoleInput:
    user_id: ID = strawberry.field(description="Somebody who has signed in at least once.")
    role: Role = strawberry.field(
        description="A role that allows nothing that the viewer may not do there herself."
    )
    team_id: ID | None = strawberry.field(
        description="The team; with a campaign it can be left out.", default=None
    )
    campaign_id: ID | None = strawberry.field(
        description="The only campaign that the role is for; left out: the whole team.", default=None
    )
    expires_at: DateTime | None = strawberry.field(
        description="From when on the role counts no more, in the future; left out: it stays.", default=None
    )
    idempotency_key: str | None = strawberry.field(
        description="Same key, same input: the first answer again. 1 to 200 characters.", default=None
    )


@strawberry.federation.type(
    description="The role is granted, with effect on the very next request.", tags=ADMIN
)
class RoleGranted:
    binding: RoleBinding = strawberry.field(description="The role.")
    replayed: bool = strawberry.field(
        description="True: an earlier request with this idempotencyKey granted it."
    )


GrantRoleResult = Annotated[
    RoleGranted | NotFound | Forbidden | LastOwner | ValidationFailed | IdempotencyMismatch,
    strawberry.federation.union(
        "GrantRoleResult", description="The role, or why it is not granted.", tags=ADMIN
    ),
]


@strawberry.federation.mutation(
    description="Grants a role on a team or on one campaign; the same grant again moves its expiry.",
    tags=ADMIN,
)
async def grant_role(
    info: Info, input: Annotated[GrantRoleInput, strawberry.argument(description="The role.")]
) -> GrantRoleResult:
    await info.context.session()
    grant = {
        "user_id": input.user_id,
        "role": input.role.name,
        "team_id": input.team_id,
        "campaign_id": input.campaign_id,
        "expires_at": input.expires_at,
        "idempotency_key": input.idempotency_key,
    }
    try:
        answer = await info.context.backend.grant_role(grant)
    except Problem as problem:
        return typed(problem, NotFound, Forbidden, LastOwner, ValidationFailed, IdempotencyMismatch)
    return RoleGranted(binding=RoleBinding.of(answer.binding), replayed=answer.replayed)
