"""verifyCard: a token of the payment provider for a card's brand and last four digits."""

from typing import Annotated

import strawberry

from services.kit.types import IdempotencyMismatch, RateLimited, ValidationFailed, typed
from services.kit.upstream import Problem
from services.users.subgraph.proofs_types import ProofRefused, ProviderUnavailable, VerifiedCard
from services.users.subgraph.types import Info, User


@strawberry.input(description="Which card. A card's number must never be sent here.")
class VerifyCardInput:
    payment_token: str = strawberry.field(
        description="What the payment provider's SDK made of the card in the browser: `pm_…` or `tok_…`. Anything that "
        "looks like a card number is refused."
    )
    idempotency_key: str | None = strawberry.field(
        description="Same key, same input: the first answer again. 1 to 200 characters.", default=None
    )


@strawberry.type(description="The card is verified, and gates count it from now on.")
class CardVerified:
    user: User = strawberry.field(description="The fan.")
    card: VerifiedCard = strawberry.field(description="The card; the same one again is refreshed.")
    replayed: bool = strawberry.field(
        description="True: an earlier request with this idempotencyKey verified it."
    )


VerifyCardResult = Annotated[
    CardVerified | ProofRefused | ProviderUnavailable | RateLimited | ValidationFailed | IdempotencyMismatch,
    strawberry.union("VerifyCardResult", description="The card, or why it does not count."),
]


@strawberry.mutation(
    description="Verifies a card of the signed-in fan at the payment provider, without charging it. Ten cards at most."
)
async def verify_card(
    info: Info, input: Annotated[VerifyCardInput, strawberry.argument(description="Which card.")]
) -> VerifyCardResult:
    user = await info.context.session()
    request = {"payment_token": input.payment_token, "idempotency_key": input.idempotency_key}
    try:
        answer = await info.context.proofs.verify_card(request)
    except Problem as problem:
        return typed(
            problem, ProofRefused, ProviderUnavailable, RateLimited, ValidationFailed, IdempotencyMismatch
        )
    info.context.proofs_by_user.clear_all()
    return CardVerified(user=User.of(user), card=VerifiedCard.of(answer.card), replayed=answer.replayed)
