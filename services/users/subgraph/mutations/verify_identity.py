"""verifyIdentity: an identity provider's signed assertion."""

from typing import Annotated

import strawberry

from services.kit.types import IdempotencyMismatch, RateLimited, ValidationFailed, typed
from services.kit.upstream import Problem
from services.users.subgraph.proofs_types import (
    IdentityAlreadyUsed,
    IdentityTier,
    IdentityVerification,
    ProofRefused,
    ProviderUnavailable,
)
from services.users.subgraph.types import Info, User


@strawberry.input(description="What an identity provider asserts about the signed-in fan.")
class VerifyIdentityInput:
    tier: IdentityTier = strawberry.field(description="What the provider vouches for.")
    assertion: str = strawberry.field(
        description="The signed JWT that the provider issued for this API; it counts once."
    )
    nonce: str | None = strawberry.field(
        description="The nonce that the frontend asked for the assertion with; needed if it did.",
        default=None,
    )
    idempotency_key: str | None = strawberry.field(
        description="Same key, same input: the first answer again. 1 to 200 characters.", default=None
    )


@strawberry.type(description="The tier is the fan's, and gates count it from now on.")
class IdentityVerified:
    user: User = strawberry.field(description="The fan.")
    verification: IdentityVerification = strawberry.field(description="What is vouched for, until when.")
    replayed: bool = strawberry.field(
        description="True: an earlier request with this assertion or idempotencyKey verified it."
    )


VerifyIdentityResult = Annotated[
    IdentityVerified
    | IdentityAlreadyUsed
    | ProofRefused
    | ProviderUnavailable
    | RateLimited
    | ValidationFailed
    | IdempotencyMismatch,
    strawberry.union("VerifyIdentityResult", description="The tier, or why it is not proved."),
]


@strawberry.mutation(description="Proves an identity tier of the signed-in fan by a provider's assertion.")
async def verify_identity(
    info: Info, input: Annotated[VerifyIdentityInput, strawberry.argument(description="The assertion.")]
) -> VerifyIdentityResult:
    user = await info.context.session()
    request = {
        "tier": input.tier.name,
        "assertion": input.assertion,
        "nonce": input.nonce,
        "idempotency_key": input.idempotency_key,
    }
    try:
        answer = await info.context.proofs.verify_identity(request)
    except Problem as problem:
        return typed(
            problem,
            IdentityAlreadyUsed,
            ProofRefused,
            ProviderUnavailable,
            RateLimited,
            ValidationFailed,
            IdempotencyMismatch,
        )
    info.context.proofs_by_user.clear_all()
    verification = IdentityVerification.of(answer.verification)
    return IdentityVerified(user=User.of(user), verification=verification, replayed=answer.replayed)
