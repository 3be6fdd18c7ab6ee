"""revokeIdentity: an identity tier counts no more."""

from typing import Annotated

import strawberry

from services.kit.types import NotFound, typed
from services.kit.upstream import Problem
from services.users.subgraph.proofs_types import IdentityTier
from services.users.subgraph.types import Info, User


@strawberry.input(description="Which identity tier is to be taken back.")
class RevokeIdentityInput:
    tier: IdentityTier = strawberry.field(description="The tier.")


@strawberry.type(description="The tier is taken back; gates that need it are unmet, also at selection.")
class IdentityRevoked:
    user: User = strawberry.field(description="The fan.")


RevokeIdentityResult = Annotated[
    IdentityRevoked | NotFound,
    strawberry.union(
        "RevokeIdentityResult", description="It is taken back, or there was nothing to take back."
    ),
]


@strawberry.mutation(description="Takes back an identity tier of the signed-in fan.")
async def revoke_identity(
    info: Info, input: Annotated[RevokeIdentityInput, strawberry.argument(description="Which tier.")]
) -> RevokeIdentityResult:
    user = await info.context.session()
    try:
        await info.context.proofs.revoke_identity(input.tier.name)
    except Problem as problem:
        return typed(problem, NotFound)
    info.context.proofs_by_user.clear_all()
    return IdentityRevoked(user=User.of(user))
