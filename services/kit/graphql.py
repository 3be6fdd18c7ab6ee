"""The GraphQL endpoint of a subgraph: proof, token, limits, execution, masking."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from inspect import isawaitable, signature
from time import perf_counter
from typing import Any, Generic, TypeVar, cast

import orjson
import strawberry
from graphql import ExecutionResult, GraphQLError, execute
from starlette.types import Receive, Scope, Send
from strawberry.execution import optimized_is_awaitable
from strawberry.federation import Schema
from strawberry.federation.schema import FederationAny
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from services.kit.access import Access
from services.kit.asgi import read_body, respond
from services.kit.auth import BadToken, Principal, TokenVerifier
from services.kit.documents import Documents
from services.kit.errors import DomainError, Forbidden, Invalid, Issue, RateLimited, Unavailable
from services.kit.metrics import FAILED, OK, REFUSED, UNAUTHENTICATED, registry
from services.kit.policy import core_schema
from services.kit.proof import HEADER, RouterProof
from services.kit.telemetry import log, request_id, span
from services.kit.types import SCALARS
from services.kit.upstream import Problem

MAX_REPRESENTATIONS = 100
MAX_BODY = 2 * 1024 * 1024
_JSON = b"application/graphql-response+json; charset=utf-8"
_seconds = registry.histogram(
    "monoql_subgraph_request_seconds",
    "Requests of the router, under each root field that they ask for.",
    ("field", "outcome"),
)
_UNREAD = ("unread",)
_OURS = {"INTERNAL_SERVER_ERROR", "UNAVAILABLE"}
# Domain errors that a client may see as such when no result union carries them.
_VISIBLE: dict[type[DomainError], str] = {
    Forbidden: "FORBIDDEN",
    Invalid: "BAD_REQUEST",
    RateLimited: "UNAVAILABLE",
    Unavailable: "UNAVAILABLE",
}
# Codes of backend problems that a client may see as such when no result union carries them; other refusals are
# BAD_REQUEST.
_VISIBLE_PROBLEMS = {
    "FORBIDDEN": "FORBIDDEN",
    "VALIDATION_FAILED": "BAD_REQUEST",
    "RATE_LIMITED": "UNAVAILABLE",
    "ACCOUNT_ERASED": "UNAUTHENTICATED",
}


@dataclass(kw_only=True)
class Context:
    """What a resolver knows of its request. Services add their backend and loaders in a subclass."""

    principal: Principal | None
    access: Access
    accept_language: str | None = None
    do_not_sell_signal: bool = False
    client_ip: str | None = None
    user_agent: str | None = None
    rid: str = field(default_factory=lambda: request_id.get() or "")

    @property
    def user_id(self) -> str | None:
        """The caller's user id; None when anonymous."""
        return self.principal.user_id if self.principal else None


C = TypeVar("C", bound=Context)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """What the endpoint has verified about a request; a service's `make_context` builds its Context from it."""

    principal: Principal | None
    accept_language: str | None
    do_not_sell_signal: bool
    client_ip: str | None
    user_agent: str | None


class _Schema(Schema):
    """strawberry's own `_entities` takes any number of representations and fails all of them for one it
    does not know.
    """

    def entities_resolver(
        self, info: strawberry.Info, representations: list[FederationAny]
    ) -> list[FederationAny]:
        if len(representations) > MAX_REPRESENTATIONS:
            raise Invalid(
                [Issue(["representations"], "TOO_MANY", f"at most {MAX_REPRESENTATIONS} representations")]
            )
        return [
            cast("FederationAny", self._resolve(info, representation)) for representation in representations
        ]

    def _resolve(self, info: strawberry.Info, representation: object) -> object:
        if not isinstance(representation, dict):
            return None
        keys = cast("dict[str, Any]", representation)
        known = self.schema_converter.type_map.get(str(keys.get("__typename")))
        origin = getattr(known and known.definition, "origin", None)
        resolve = getattr(origin, "resolve_reference", None)
        if resolve is None:
            return None
        given = {name: keys[name] for name in _key_fields(origin) if isinstance(keys.get(name), str)}
        if not given:
            return None
        return resolve(info=info, **given)


@cache
def _key_fields(entity: type[Any]) -> frozenset[str]:
    """The names under which `resolve_reference` takes keys. Where it takes several, each has a default of None."""
    return frozenset(signature(entity.resolve_reference).parameters) - {"info"}


def build_schema(query: type, mutation: type | None, types: Sequence[type]) -> Schema:
    """A federated schema with our scalars; `types` lists entities that nothing references."""
    return _Schema(
        query=query,
        mutation=mutation,
        types=types,
        federation_version="2.9",
        config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
    )


class GraphQLEndpoint(Generic[C]):
    """ASGI endpoint for POSTed GraphQL from the router. It bypasses strawberry's HTTP layer, which answers
    500 to a JSON body
    of `null`, and its per-request extension runner, which costs more than the execution."""

    def __init__(
        self,
        schema: Schema,
        *,
        verifier: TokenVerifier,
        proof: RouterProof,
        make_context: Callable[[Caller], C],
    ) -> None:
        self._schema = core_schema(schema)
        self._documents = Documents(self._schema)
        self._verifier = verifier
        self._proof = proof
        self._make_context = make_context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen = _Seen()
        began = perf_counter()
        try:
            await self._serve(scope, receive, send, seen)
        finally:
            took = perf_counter() - began
            for name in seen.fields:
                _seconds.observe((name, seen.outcome), took)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, seen: "_Seen") -> None:
        if scope["method"] != "POST":
            seen.outcome = REFUSED
            await _answer(send, 405, _failure("POST a GraphQL request.", "BAD_REQUEST"), allow=True)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        body = await read_body(receive, MAX_BODY)
        authorization = headers.get(b"authorization")
        if not self._proof.accepts(headers.get(HEADER, b""), body, authorization or b""):
            seen.outcome = REFUSED
            await _answer(send, 401, _failure("Requests come through the router.", "ROUTER_PROOF_REFUSED"))
            return
        try:
            principal = await self._verifier.authenticate(authorization)
        except BadToken as error:
            seen.outcome = UNAUTHENTICATED
            await _answer(send, 401, _failure(str(error), "UNAUTHENTICATED"))
            return
        request = _decode(body)
        if isinstance(request, str):
            seen.outcome = REFUSED
            await _answer(send, 400, _failure(request, "BAD_REQUEST"))
            return
        checked = self._documents.get(request.query)
        if checked.document is None:
            seen.outcome = REFUSED
            await _answer(send, 400, {"errors": [error.formatted for error in checked.errors]})
            return
        seen.fields = checked.fields
        caller = Caller(
            principal=principal,
            accept_language=_text(headers.get(b"accept-language")),
            do_not_sell_signal=headers.get(b"sec-gpc") == b"1",
            client_ip=_text(headers.get(b"x-client-ip")),
            user_agent=_text(headers.get(b"user-agent")),
        )
        with span("graphql execute"):
            result = await self._execute(checked.document, request, self._make_context(caller))
        payload = _present(result)
        seen.outcome = _outcome(payload)
        await _answer(send, 200, payload)

    async def _execute(self, document: Any, request: "_Request", context: C) -> ExecutionResult:
        result: Any = execute(
            self._schema,
            document,
            context_value=context,
            variable_values=request.variables,
            operation_name=request.operation,
            executor_class=StrawberryGraphQLCoreExecutionContext,
            is_awaitable=cast("Any", optimized_is_awaitable),
        )
        return await result if isawaitable(result) else result


@dataclass(slots=True)
class _Seen:
    """What is counted of a request: until more is known, that it failed unread."""

    fields: tuple[str, ...] = _UNREAD
    outcome: str = FAILED


@dataclass(frozen=True, slots=True)
class _Request:
    query: str
    variables: dict[str, Any]
    operation: str | None


def _decode(body: bytes) -> "_Request | str":
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "The body must be JSON in UTF-8."
    if not isinstance(data, dict):
        return "The body must be a JSON object with a query."
    query, variables, operation = data.get("query"), data.get("variables"), data.get("operationName")
    if not isinstance(query, str) or not query.strip():
        return "The body's query must be a GraphQL document."
    if not isinstance(variables, dict | None) or not isinstance(operation, str | None):
        return "variables must be an object and operationName a string."
    return _Request(query, variables or {}, operation)


def _present(result: ExecutionResult) -> dict[str, Any]:
    if not result.errors:
        return {"data": result.data}
    return {"data": result.data, "errors": [present_error(error) for error in result.errors]}


def _outcome(payload: dict[str, Any]) -> str:
    if "errors" not in payload:
        return OK
    return FAILED if any(e["extensions"]["code"] in _OURS for e in payload["errors"]) else REFUSED


def present_error(error: GraphQLError) -> dict[str, Any]:
    """An execution error as the outside may see it: known outcomes by their code, all else masked with the
    request id.
    """
    cause = error.original_error
    code = (error.extensions or {}).get("code")
    message = error.message
    if code is None and isinstance(cause, GraphQLError) and cause.extensions:
        code, message = cause.extensions.get("code"), cause.message
    elif isinstance(cause, DomainError):
        code = next((c for kind, c in _VISIBLE.items() if isinstance(cause, kind)), None)
        message = cause.issues[0].message if isinstance(cause, Invalid) and cause.issues else cause.message
    elif isinstance(cause, Problem):
        code, message = _VISIBLE_PROBLEMS.get(cause.code), cause.detail
        if code is None and cause.status < 500:
            log.warning("unexpected refusal", path=error.path, code=cause.code)
            code, message = "BAD_REQUEST", "This cannot be done as it was asked for."
    elif code is None and error.path is None:
        code = "BAD_REQUEST"  # variables or the operation's name do not fit the document
    if code is None:
        log.error("resolver failed", path=error.path, exc_info=cause or error)
        code, message = "INTERNAL_SERVER_ERROR", "Something went wrong here. Quote the request id to support."
    shown: dict[str, Any] = {"message": message, "extensions": {"code": code, "requestId": request_id.get()}}
    if error.path:
        shown["path"] = error.path
    if error.locations:
        shown["locations"] = [location.formatted for location in error.locations]
    return shown


def _failure(message: str, code: str) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code, "requestId": request_id.get()}}]}


async def _answer(send: Send, status: int, payload: dict[str, Any], *, allow: bool = False) -> None:
    headers = {b"allow": b"POST"} if allow else None
    if status == 401:
        headers = {b"www-authenticate": b'Bearer error="invalid_token"'}
    await respond(send, status, orjson.dumps(payload, default=str), _JSON, headers)


def _text(value: bytes | None) -> str | None:
    return value.decode("latin-1")[:500] if value else None
