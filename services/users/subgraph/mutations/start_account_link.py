"""startAccountLink: where the fan grants the link."""

from typing import Annotated

import strawberry

from services.kit.types import URL, DateTime, ValidationFailed, typed
from services.kit.upstream import Problem
from services.users.subgraph.proofs_types import AccountProvider
from services.users.subgraph.types import Info


@strawberry.input(description="Which account is to be linked, and where the provider sends the fan back to.")
class StartAccountLinkInput:
    provider: AccountProvider = strawberry.field(description="Whose account.")
    redirect_uri: URL = strawberry.field(
        description="A page of the frontend that is registered for linking; it receives `code` and `state`."
    )
    code_challenge: str | None = strawberry.field(
        description="The S256 challenge of a code verifier that the frontend keeps (PKCE, RFC 7636); recommended.",
        default=None,
    )


@strawberry.type(
    description="Send the browser to `authorizationUrl`; it comes back with a code for linkAccount."
)
class AccountLinkStarted:
    authorization_url: URL = strawberry.field(description="The provider's page where she grants the link.")
    state: str = strawberry.field(
        description="Comes back with the code: refuse another one, and send it with linkAccount."
    )
    expires_at: DateTime = strawberry.field(description="Until when the state is accepted.")


StartAccountLinkResult = Annotated[
    AccountLinkStarted | ValidationFailed,
    strawberry.union("StartAccountLinkResult", description="Where to go, or why nowhere."),
]


@strawberry.mutation(
    description="Begins the link of an account of the signed-in fan. Nothing is kept until linkAccount."
)
async def start_account_link(
    info: Info,
    input: Annotated[
        StartAccountLinkInput, strawberry.argument(description="Which account, and back where.")
    ],
) -> StartAccountLinkResult:
    request = {
        "provider": input.provider.name,
        "redirect_uri": input.redirect_uri,
        "code_challenge": input.code_challenge,
    }
    try:
        started = await info.context.proofs.start_link(request)
    except Problem as problem:
        return typed(problem, ValidationFailed)
    return AccountLinkStarted(
        authorization_url=URL(started.authorization_url),
        state=started.state,
        expires_at=DateTime(started.expires_at),
    )
