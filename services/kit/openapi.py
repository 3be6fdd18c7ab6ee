"""The OpenAPI 3.1 document of a backend, made from its routes and from the kinds of error that it has."""

import re
from collections.abc import Callable, Sequence
from inspect import getdoc
from typing import TYPE_CHECKING, Any, cast

import msgspec

from services.kit import errors
from services.kit.asgi import BodyTooLarge

if TYPE_CHECKING:
    from services.kit.rest import Operation

StatusOf = Callable[[type[errors.DomainError]], int]
# Problems that are no domain errors: of the routing, of reading a body, of the shell around all.
_OF_THE_SHELL = {
    "BAD_REQUEST": 400,
    "INTERNAL_SERVER_ERROR": 500,
    "METHOD_NOT_ALLOWED": 405,
    "TIMEOUT": 504,
}


class Problem(msgspec.Struct, kw_only=True):
    """RFC 9457 problem; `code` is stable, `detail` is for people, further members depend on the code."""

    type: str
    title: str
    status: int
    code: str
    detail: str


def describe(
    title: str, version: str, operations: "Sequence[Operation]", status_of: StatusOf
) -> dict[str, Any]:
    """The document of these routes. `status_of` says with which status a kind of error is answered."""
    refusals = _refusals(operations)
    promised = [t for refusal in refusals for t in refusal.members.values()]
    named = [t for o in operations for t in (o.body, o.returns) if t is not None] + promised
    schemas, components = msgspec.json.schema_components(
        [*named, Problem], ref_template="#/components/schemas/{name}"
    )
    lookup = dict(zip(map(repr, named), schemas, strict=False))
    components["Problem"] = _describe_problems(components["Problem"], refusals, lookup, status_of)
    paths: dict[str, Any] = {}
    for operation in sorted(operations, key=lambda o: (o.path, o.method)):
        item = paths.setdefault(path_template(operation.path), {})
        item[operation.method.lower()] = _describe_operation(operation, lookup)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {
                "backendKey": {"type": "apiKey", "in": "header", "name": "x-backend-key"},
                **{o.ingress.name: o.ingress.scheme for o in operations if o.ingress},
            },
        },
        "security": [{"backendKey": []}],
    }


def path_template(path: str) -> str:
    """The route's path as OpenAPI writes it: `/files/{token:path}` is `/files/{token}`."""
    return re.sub(r"\{(\w+):\w+\}", r"{\1}", path)


def _describe_operation(operation: "Operation", schemas: dict[str, Any]) -> dict[str, Any]:
    handler = cast("Any", operation.handler)
    summary, _, description = (getdoc(handler) or "").partition("\n\n")
    described: dict[str, Any] = {"operationId": handler.__name__, "summary": summary.replace("\n", " ")}
    if description:
        described["description"] = description
    parameters = [_parameter(name, "path") for name in re.findall(r"\{(\w+)", operation.path)]
    parameters += [_parameter(name, "query") for name in operation.query]
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        content = {"application/json": {"schema": schemas[repr(operation.body)]}}
        described["requestBody"] = {"required": True, "content": content}
    answer: dict[str, Any] = {"description": "Done."}
    if operation.returns is not None:
        answer["content"] = {"application/json": {"schema": schemas[repr(operation.returns)]}}
    failure = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    if operation.ingress:
        described["security"] = [{operation.ingress.name: []}]
    described["responses"] = {
        str(operation.status): answer,
        "default": {"description": "A problem.", "content": failure},
    }
    return described


def _refusals(operations: "Sequence[Operation]") -> list[type[errors.DomainError]]:
    """The kinds of error that any of these routes may answer: the kit's, and those of this service's own."""
    service = cast("Any", operations[0].handler).__module__.rpartition(".")[0]
    own = (errors.__name__, BodyTooLarge.__module__, service)
    kinds = _kinds(errors.DomainError)
    return sorted((kind for kind in kinds if kind.__module__.startswith(own)), key=lambda kind: kind.code)


def _kinds(kind: type[errors.DomainError]) -> set[type[errors.DomainError]]:
    """All kinds of domain error under one that have a code of their own."""
    found = {each for each in kind.__subclasses__() if "code" in each.__dict__}
    return found.union(*(_kinds(each) for each in kind.__subclasses__()))


def _describe_problems(
    problem: dict[str, Any],
    refusals: Sequence[type[errors.DomainError]],
    schemas: dict[str, Any],
    status_of: StatusOf,
) -> dict[str, Any]:
    """The schema of a problem: one alternative for each code, with its status and the members that come with it."""
    kinds = [(kind.code, status_of(kind), kind.members, getdoc(kind)) for kind in refusals]
    kinds += [(code, status, {}, None) for code, status in _OF_THE_SHELL.items()]
    return {
        "title": problem["title"],
        "description": problem["description"],
        "oneOf": [
            {
                "title": code,
                **({"description": says} if says else {}),
                "type": "object",
                "properties": {
                    **problem["properties"],
                    "code": {"enum": [code]},
                    "status": {"enum": [status]},
                    **{name: schemas[repr(type_)] for name, type_ in members.items()},
                },
                "required": [*problem["required"], *members],
            }
            for code, status, members, says in sorted(kinds, key=lambda kind: kind[0])
        ],
    }


def _parameter(name: str, place: str) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": {"type": "string"}}
