"""One service under test: its subgraph over its real backend on real PostgreSQL, in-process, spoken to as
the router does.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from typing import Any

import httpx
import msgspec
from pydantic import SecretStr

from services.kit.access import AccessAnswers, AccessChecks
from services.kit.ids import user_id
from services.kit.proof import RouterProof
from tests.support import issuer

SETTINGS: dict[str, Any] = {
    "oidc_issuers": [issuer.ISSUER],
    "oidc_audience": issuer.AUDIENCE,
    "router_secrets": ["test-router-secret"],
    "backend_keys": ["test-backend-key"],
    "data_keys": ["t1:" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE"],
    "lookup_key": "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI",
    "files_url": "memory://",
}


class SubgraphUnderTest:
    """`graphql` speaks to the subgraph as the router would."""

    def __init__(self, subgraph: Any) -> None:
        self._proof = RouterProof([_secret("test-router-secret")])
        self._subgraph = httpx.AsyncClient(
            transport=httpx.ASGITransport(subgraph), base_url="http://subgraph"
        )

    async def graphql(
        self,
        query: str,
        variables: dict[str, Any] | None = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The decoded answer; `token` signs the caller in."""
        response = await self.post(
            {"query": query, "variables": variables or {}}, token=token, headers=headers
        )
        return response.json()

    async def post(
        self, payload: Any, *, token: str | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """The raw answer to a payload (bytes are sent as they are)."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        authorization = f"Bearer {token}" if token else ""
        sent = {"x-router-proof": self._proof.sign(body, authorization.encode()), **(headers or {})}
        if token:
            sent["authorization"] = authorization
        return await self._subgraph.post("/graphql", content=body, headers=sent)

    async def entities(
        self, fragment: str, representations: list[dict[str, Any]], *, token: str | None = None
    ) -> list[Any]:
        """What `_entities` answers, as the router asks it. Fails on errors."""
        selection = f"_entities(representations: $representations) {{ {fragment} }}"
        query = f"query ($representations: [_Any!]!) {{ {selection} }}"
        answer = await self.graphql(query, {"representations": representations}, token=token)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]["_entities"]


class ServiceUnderTest(SubgraphUnderTest):
    """A subgraph over its backend; `rest` speaks to the backend as the subgraph would.

    `requests` are those that the subgraph sent to its backend, as `METHOD /path`, for tests that count.
    """

    def __init__(
        self,
        name: str,
        subgraph: Any,
        backend: Any,
        granted: set[tuple[str, str, str | None]],
        requests: list[str],
    ) -> None:
        super().__init__(subgraph)
        self.name = name
        self.granted = granted
        self.requests = requests
        self._backend = httpx.AsyncClient(
            transport=httpx.ASGITransport(backend),
            base_url="http://backend",
            headers={"x-backend-key": "test-backend-key"},
        )
        self.backend = backend
        self.resources = backend.resources

    async def rest(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """The backend's raw answer."""
        content = msgspec.json.encode(body) if body is not None else None
        return await self._backend.request(method, path, content=content, **options)

    def grant(self, subject: str, permission: str, scope: str | None = None) -> str:
        """Lets the token subject have a permission (on one team or campaign id, or on all), and returns her token.

        Only for services other than users: it stands in for the User Service's answer at the seam between services.
        """
        self.granted.add((user_id(issuer.ISSUER, subject), permission, scope))
        return issuer.token(subject)


@asynccontextmanager
async def open_service(
    name: str,
    database_url: str,
    *,
    transports: Mapping[str, httpx.AsyncBaseTransport] | None = None,
    **overrides: Any,
) -> AsyncIterator[ServiceUnderTest]:
    """The service on a migrated database. Unless `transports` brings a real `users`, permissions are those
    of `grant`.
    """
    settings = {**SETTINGS, f"{name}_database_url".upper(): database_url, **overrides}
    backend_settings = import_module(f"services.{name}.backend.settings").Settings.load(**settings)
    subgraph_settings = import_module(f"services.{name}.subgraph.settings").Settings.load(**settings)
    granted: set[tuple[str, str, str | None]] = set()
    others = dict(transports or {})
    if name != "users":
        others.setdefault("users", _user_service(granted))
    async with AsyncExitStack() as stack:
        backend = import_module(f"services.{name}.backend.app").create_app(
            backend_settings, transports=others
        )
        await stack.enter_async_context(backend.lifespan())
        transport = _Recording(backend)
        subgraph = import_module(f"services.{name}.subgraph.app").create_app(
            subgraph_settings,
            transport=transport,
            transports={"identity": issuer.transport(), **others},
        )
        await stack.enter_async_context(subgraph.lifespan())
        yield ServiceUnderTest(name, subgraph, backend, granted, transport.requests)


class _Recording(httpx.ASGITransport):
    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self.requests: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(f"{request.method} {request.url.path}")
        return await super().handle_async_request(request)


def _user_service(granted: set[tuple[str, str, str | None]]) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/access/check":
            return httpx.Response(200, json=None)
        checks = msgspec.json.decode(request.content, type=AccessChecks).checks
        allowed = [
            any((c.user_id, c.permission, scope) in granted for scope in (None, c.team_id, c.campaign_id))
            for c in checks
        ]
        return httpx.Response(200, content=msgspec.json.encode(AccessAnswers(allowed)))

    return httpx.MockTransport(answer)


def _secret(value: str) -> Any:
    return SecretStr(value)
