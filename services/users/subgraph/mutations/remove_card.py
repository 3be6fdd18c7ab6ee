"""removeCard: a verified card counts no more."""

from typing import Annotated

import strawberry

from services.kit.types import ID, NotFound, typed
from services.kit.upstream import Problem
from services.users.subgraph.types import Info, User


@strawberry.input(description="Which card is to be removed.")
class RemoveCardInput:
    id: ID = strawberry.field(description="The card, from `User.verifiedCards`.")


@strawberry.type(description="The card is gone; gates that need it are unmet, also at selection.")
class CardRemoved:
    user: User = strawberry.field(description="The fan.")


RemoveCardResult = Annotated[
    CardRemoved | NotFound,
    strawberry.union("RemoveCardResult", description="It is removed, or there was nothing to remove."),
]


@strawberry.mutation(description="Removes a card of the signed-in fan.")
async def remove_card(
    info: Info, input: Annotated[RemoveCardInput, strawberry.argument(description="Which card.")]
) -> RemoveCardResult:
    user = await info.context.session()
    try:
        await info.context.proofs.remove_card(input.id)
    except Problem as problem:
        return typed(problem, NotFound)
    info.context.proofs_by_user.clear_all()
    return CardRemoved(user=User.of(user))
