"""The app of a subgraph: the shell, the GraphQL endpoint, and the upstreams it asks."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

import httpx
from starlette.types import Receive, Scope, Send
from strawberry.federation import Schema

from services.kit.access import Access
from services.kit.asgi import App, Shell, respond_problem
from services.kit.auth import TokenVerifier
from services.kit.graphql import Caller, Context, GraphQLEndpoint
from services.kit.proof import BackendKey, RouterProof
from services.kit.settings import SubgraphSettings
from services.kit.upstream import Upstream

C = TypeVar("C", bound=Context)


def create_subgraph(
    settings: SubgraphSettings,
    schema: Schema,
    *,
    backend_url: str | None,
    make_context: Callable[[Caller, Upstream, Access], C],
    transport: httpx.AsyncBaseTransport | None = None,
    transports: Mapping[str, httpx.AsyncBaseTransport] | None = None,
) -> App:
    """The ASGI app of a subgraph over its backend.

    `transport` mounts the backend in-process; else `backend_url` says where it is. Permission questions go to
    `settings.users_backend_url`, or to the own backend where that is not set (the users subgraph). Tests
    put `users` and
    `identity` in-process by `transports`.
    """
    others = transports or {}
    key = BackendKey(settings.backend_keys).value
    backend = Upstream(
        backend_url or "http://backend", key=key, timeout=settings.upstream_timeout, transport=transport
    )
    users = backend
    if settings.users_backend_url or "users" in others:
        url = settings.users_backend_url or "http://users"
        users = Upstream(url, key=key, timeout=settings.upstream_timeout, transport=others.get("users"))
    verifier = TokenVerifier(settings.oidc_issuers, settings.oidc_audience, transport=others.get("identity"))

    def context(caller: Caller) -> C:
        access = Access(users, caller.principal.user_id if caller.principal else None)
        return make_context(caller, backend, access)

    endpoint = GraphQLEndpoint(
        schema, verifier=verifier, proof=RouterProof(settings.router_secrets), make_context=context
    )

    async def ready() -> None:
        await verifier.warm_up()
        await backend.call("GET", "/readyz")

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/graphql":
            await endpoint(scope, receive, send)
        else:
            await respond_problem(send, 404, "NOT_FOUND", "There is nothing here.")

    shell = Shell(route, ready=ready, timeout=settings.request_timeout, max_in_flight=settings.max_in_flight)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        yield
        shell.draining = True
        await verifier.aclose()
        await backend.aclose()
        if users is not backend:
            await users.aclose()

    return App(shell, lifespan)
