"""linkAccount: the code that came back from the provider."""

from typing import Annotated

import strawberry

from services.kit.types import URL, IdempotencyMismatch, RateLimited, ValidationFailed, typed
from services.kit.upstream import Problem
from services.users.subgraph.proofs_types import (
    AccountAlreadyLinked,
    AccountProvider,
    LinkedAccount,
    ProofRefused,
    ProviderUnavailable,
)
from services.users.subgraph.types import Info, User


@strawberry.input(description="What came back from the provider, and what it was asked for with.")
class LinkAccountInput:
    provider: AccountProvider = strawberry.field(description="Whose account.")
    authorization_code: str = strawberry.field(
        description="The `code` that the provider sent back; it works once."
    )
    code_verifier: str | None = strawberry.field(
        description="The verifier of the challenge that the authorization began with (PKCE).", default=None
    )
    redirect_uri: URL | None = strawberry.field(
        description="Where the provider sent the fan back to, if the authorization named it.", default=None
    )
    state: str | None = strawberry.field(
        description="The `state` of startAccountLink as it came back; leave it out only if the frontend began the "
        "authorization itself and has checked a state of its own.",
        default=None,
    )
    idempotency_key: str | None = strawberry.field(
        description="Same key, same input: the first answer again. 1 to 200 characters.", default=None
    )


@strawberry.type(description="The account is linked, and gates count it from now on.")
class AccountLinked:
    user: User = strawberry.field(description="The fan.")
    account: LinkedAccount = strawberry.field(description="The link.")
    replayed: bool = strawberry.field(
        description="True: an earlier request with this code or idempotencyKey linked it."
    )


LinkAccountResult = Annotated[
    AccountLinked
    | AccountAlreadyLinked
    | ProofRefused
    | ProviderUnavailable
    | RateLimited
    | ValidationFailed
    | IdempotencyMismatch,
    strawberry.union("LinkAccountResult", description="The link, or why there is none."),
]


@strawberry.mutation(
    description="Links an account of the signed-in fan at a provider. A later account of the same provider replaces it."
)
async def link_account(
    info: Info,
    input: Annotated[LinkAccountInput, strawberry.argument(description="What came back from the provider.")],
) -> LinkAccountResult:
    user = await info.context.session()
    request = {
        "provider": input.provider.name,
        "authorization_code": input.authorization_code,
        "code_verifier": input.code_verifier,
        "redirect_uri": input.redirect_uri,
        "state": input.state,
        "idempotency_key": input.idempotency_key,
    }
    try:
        answer = await info.context.proofs.link(request)
    except Problem as problem:
        return typed(
            problem,
            AccountAlreadyLinked,
            ProofRefused,
            ProviderUnavailable,
            RateLimited,
            ValidationFailed,
            IdempotencyMismatch,
        )
    info.context.proofs_by_user.clear_all()
    return AccountLinked(
        user=User.of(user), account=LinkedAccount.of(answer.account), replayed=answer.replayed
    )
