"""unlinkAccount: a linked account counts no more."""

from typing import Annotated

import strawberry

from services.kit.types import NotFound, typed
from services.kit.upstream import Problem
from services.users.subgraph.proofs_types import AccountProvider
from services.users.subgraph.types import Info, User


@strawberry.input(description="Whose account is to be unlinked.")
class UnlinkAccountInput:
    provider: AccountProvider = strawberry.field(description="The provider.")


@strawberry.type(
    description="The account is not linked any more; gates that need it are unmet, also at selection."
)
class AccountUnlinked:
    user: User = strawberry.field(description="The fan.")


UnlinkAccountResult = Annotated[
    AccountUnlinked | NotFound,
    strawberry.union("UnlinkAccountResult", description="It is unlinked, or there was nothing to unlink."),
]


@strawberry.mutation(description="Ends the link to an account of the signed-in fan.")
async def unlink_account(
    info: Info, input: Annotated[UnlinkAccountInput, strawberry.argument(description="Which account.")]
) -> UnlinkAccountResult:
    user = await info.context.session()
    try:
        await info.context.proofs.unlink(input.provider.name)
    except Problem as problem:
        return typed(problem, NotFound)
    info.context.proofs_by_user.clear_all()
    return AccountUnlinked(user=User.of(user))
