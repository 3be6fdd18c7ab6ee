"""REST backends: typed routes on starlette and msgspec, and the OpenAPI 3.1 document made from them."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Generic, TypeVar, cast

import asyncpg
import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.kit import errors, openapi
from services.kit.asgi import BodyTooLarge
from services.kit.metrics import FAILED, outcome_of_status, registry
from services.kit.proof import BackendKey
from services.kit.telemetry import log, request_id

B = TypeVar("B")
MAX_BODY = 8 * 1024 * 1024

# The one place where a backend's domain errors get a status.
STATUS: dict[type[errors.DomainError], int] = {
    errors.NotFound: 404,
    errors.Forbidden: 403,
    errors.Unauthenticated: 401,
    errors.Invalid: 422,
    errors.Conflict: 409,
    errors.IllegalTransition: 409,
    errors.RateLimited: 429,
    errors.IdempotencyMismatch: 409,
    errors.Unavailable: 503,
    BodyTooLarge: 413,
}
DEFAULT_STATUS = 409
# What is raised when the database is away, starting, stopping, full or too slow; timeouts are OSErrors too.
AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
)
# Numbers and times that PostgreSQL cannot hold: refused by the driver (the class itself) or by the server.
OUT_OF_RANGE = (asyncpg.DataError, asyncpg.NumericValueOutOfRangeError, asyncpg.DatetimeFieldOverflowError)

_encoder = msgspec.json.Encoder()
_seconds = registry.histogram(
    "monoql_backend_request_seconds", "Requests to a backend's routes.", ("route", "outcome")
)


class Call(Generic[B]):
    """One request to a route: the decoded `body`, path and query values, and on whose behalf it comes (`actor`)."""

    __slots__ = ("body", "request")

    def __init__(self, request: Request, body: B) -> None:
        self.request = request
        self.body = body

    @property
    def service(self) -> Any:
        """What the backend's `create_app` put together: store, outbox, files, …"""
        return self.request.app.state.service

    @property
    def actor(self) -> str | None:
        """The user id that the subgraph verified; None for anonymous calls and for other services."""
        return self.request.headers.get("x-actor")

    def require_actor(self) -> str:
        """As `actor`, for what only somebody can do. Raises Forbidden."""
        if self.actor is None:
            raise errors.Forbidden("Somebody must be signed in for this.")
        return self.actor

    def path(self, name: str) -> str:
        """A path value. Raises Invalid for what no text column can hold."""
        return _without_nul(name, str(self.request.path_params[name]))

    def query(self, name: str) -> str | None:
        """A query value. Raises Invalid for what no text column can hold."""
        given = self.request.query_params.get(name)
        return given and _without_nul(name, given)

    def limit(self, default: int = 50, most: int = 100) -> int:
        """The `limit` query value, within 1 and `most`. Raises Invalid."""
        given = self.query("limit")
        if given is None:
            return default
        if not given.isascii() or not given.isdigit() or not 1 <= int(given[:9]) <= most:
            raise errors.Invalid([errors.Issue(["limit"], "OUT_OF_RANGE", f"limit must be 1 to {most}")])
        return int(given)


Handler = Callable[[Call[Any]], Awaitable[Any]]


@dataclass(frozen=True)
class Ingress:
    """How a route lets callers in who are none of our own tiers, and so have no backend key.

    `admit` sees the request and the very bytes of its body, of which there are `max_body` at most, and raises
    Unauthenticated. `scheme` is its OpenAPI security scheme.
    """

    name: str
    scheme: dict[str, str]
    admit: Callable[[Request, bytes], None]
    max_body: int


@dataclass(frozen=True)
class Operation:
    """A route and what handles it."""

    method: str
    path: str
    handler: Handler
    body: Any
    returns: Any
    status: int
    query: Sequence[str]
    ingress: Ingress | None = None


class Api:
    """A backend's routes. Decorate a handler with `get`, `post`, `put` or `delete`; its docstring is the
    API summary.
    """

    def __init__(self, title: str, version: str) -> None:
        self.title = title
        self.version = version
        self._operations: list[Operation] = []

    def get(self, path: str, returns: Any, *, query: Sequence[str] = ()) -> Callable[[Handler], Handler]:
        return self._route("GET", path, None, returns, 200, query)

    def post(
        self,
        path: str,
        body: Any = None,
        returns: Any = None,
        *,
        status: int = 200,
        ingress: Ingress | None = None,
    ) -> Callable[[Handler], Handler]:
        return self._route("POST", path, body, returns, status, ingress=ingress)

    def put(self, path: str, body: Any = None, returns: Any = None) -> Callable[[Handler], Handler]:
        return self._route("PUT", path, body, returns, 200)

    def delete(self, path: str, returns: Any = None) -> Callable[[Handler], Handler]:
        return self._route("DELETE", path, None, returns, 200)

    def app(self, service: Any, keys: BackendKey) -> Starlette:
        """The ASGI app. Every route demands `x-backend-key`, or what its own ingress does."""
        routes: list[BaseRoute] = [
            Route(o.path, _endpoint(o, keys), methods=[o.method]) for o in self._operations
        ]
        document = _encoder.encode(self.openapi())
        routes.append(Route("/openapi.json", lambda _: Response(document, media_type="application/json")))
        handlers: dict[Any, Any] = {HTTPException: _http_problem, Exception: _failure}
        app = Starlette(routes=routes, exception_handlers=handlers)
        app.state.service = service
        return app

    def include(self, other: "Api") -> None:
        """Adds the routes of another part of the same service."""
        self._operations += other._operations

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI 3.1 document."""
        return openapi.describe(self.title, self.version, self._operations, status_of)

    def _route(
        self,
        method: str,
        path: str,
        body: Any,
        returns: Any,
        status: int,
        query: Sequence[str] = (),
        ingress: Ingress | None = None,
    ) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            self._operations.append(Operation(method, path, handler, body, returns, status, query, ingress))
            return handler

        return register


def _endpoint(operation: Operation, keys: BackendKey) -> Callable[[Request], Awaitable[Response]]:
    decoder = msgspec.json.Decoder(operation.body) if operation.body is not None else None
    ingress = operation.ingress
    name = f"{operation.method} {openapi.path_template(operation.path)}"

    async def counted(request: Request) -> Response:
        began = perf_counter()
        outcome = FAILED
        try:
            response = await endpoint(request)
            outcome = outcome_of_status(response.status_code)
            return response
        finally:
            _seconds.observe((name, outcome), perf_counter() - began)

    async def endpoint(request: Request) -> Response:
        if ingress is None and not keys.accepts(request.headers.get("x-backend-key", "").encode()):
            return problem(401, "UNAUTHENTICATED", "This API is for MonoQL's own tiers: send x-backend-key.")
        try:
            raw = await _body(request, ingress.max_body if ingress else MAX_BODY) if decoder else b""
            if ingress:
                ingress.admit(request, raw)
            _refuse_nul(raw)
            body = decoder.decode(raw) if decoder else None
            result = await operation.handler(Call(request, body))
        except msgspec.ValidationError as error:
            return problem(422, "VALIDATION_FAILED", str(error), issues=[_issue(str(error))])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return problem(400, "BAD_REQUEST", "The body is not valid JSON.")
        except errors.DomainError as error:
            return problem_for(error)
        except asyncpg.DataError as error:
            if type(error) not in OUT_OF_RANGE:
                raise
            # The driver's and the server's words stay here: it may have been a sum of ours that overflowed.
            log.warning(
                "out of range", path=operation.path, sqlstate=error.sqlstate, reason=type(error).__name__
            )
            message = "A number or a time in the input is out of range."
            return problem_for(errors.Invalid([errors.Issue([], "OUT_OF_RANGE", message)], message))
        return Response(_encoder.encode(result), operation.status, media_type="application/json")

    return counted


def problem_for(error: errors.DomainError) -> Response:
    """The answer to a domain error: its code, message and details under the status of `STATUS`."""
    return problem(status_of(type(error)), error.code, error.message, **error.details)


def status_of(kind: type[errors.DomainError]) -> int:
    """The status of a kind of domain error: its own in `STATUS`, or that of what it is a kind of."""
    return next((STATUS[each] for each in kind.__mro__ if each in STATUS), DEFAULT_STATUS)


def problem(status: int, code: str, detail: str, **members: Any) -> Response:
    body = {
        "type": f"urn:monoql:problem:{code.lower()}",
        "title": code,
        "status": status,
        "code": code,
        "detail": detail,
        **members,
    }
    headers = (
        {"retry-after": str(members["retry_after_seconds"])} if "retry_after_seconds" in members else None
    )
    return Response(_encoder.encode(body), status, headers, "application/problem+json")


async def _http_problem(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:
        return problem(405, "METHOD_NOT_ALLOWED", "This path does not take that method.")
    return problem(status, "NOT_FOUND", "There is nothing under this path.")


async def _failure(_request: Request, error: Exception) -> Response:
    """The answer to what nobody expected. It is raised on, so that the shell logs it."""
    if isinstance(error, AWAY):
        message = "The service cannot reach its data right now. Try again shortly."
        return problem(503, "UNAVAILABLE", message, retry_after_seconds=1)
    message = f"Something went wrong here. Quote request id {request_id.get()} to support."
    return problem(500, "INTERNAL_SERVER_ERROR", message)


async def _body(request: Request, limit: int) -> bytes:
    if int(request.headers.get("content-length") or 0) > limit:
        raise BodyTooLarge(f"The body may have {limit} bytes at most.")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise BodyTooLarge(f"The body may have {limit} bytes at most.")
    return bytes(body)


def _without_nul(place: str, value: str) -> str:
    if "\0" in value:
        raise errors.Invalid(
            [errors.Issue(place.split("."), "NUL_CHARACTER", "Text must not hold the character U+0000.")]
        )
    return value


def _refuse_nul(body: bytes) -> None:
    """PostgreSQL's text holds every character but U+0000, which JSON can spell: refused here, once for all."""
    if b"\\u0000" not in body:
        return
    todo: list[tuple[list[str], Any]] = [([], msgspec.json.decode(body))]
    while todo:
        path, value = todo.pop()
        if isinstance(value, str):
            _without_nul(".".join(path), value)
        elif isinstance(value, dict):
            members = cast("dict[str, Any]", value)
            todo += [([*path, name], member) for name, member in members.items()]
            todo += [(path, name) for name in members]
        elif isinstance(value, list):
            items = cast("list[Any]", value)
            todo += [([*path, str(place)], item) for place, item in enumerate(items)]


def _issue(message: str) -> errors.Issue:
    text, _, place = message.partition(" - at `$")
    path = [part for part in re.split(r"[.\[\]`]+", place) if part]
    return errors.Issue(path, "MALFORMED", text)
