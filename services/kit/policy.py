"""Who may see which field: one table per subgraph, enforced on the built schema, deny by default.

A table maps `Type.field` to a rule. Fields of types that are only reached through a guarded field (payloads,
errors, page parts) are listed by type: `"EntryConnection.*": PUBLIC`. A field with no entry makes the schema fail
to build.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from inspect import isawaitable
from typing import Any, TypeVar

from graphql import GraphQLError, GraphQLField, GraphQLObjectType, GraphQLSchema, default_field_resolver
from strawberry.federation import Schema

from services.kit.access import Permission, Scope

ScopeOf = Callable[[Any, Any, dict[str, Any]], Awaitable[Scope | None]]
T = TypeVar("T")
Rule = Callable[[Any, Any, dict[str, Any]], Awaitable[bool]]
"""`(source, info, arguments)` → whether the caller may. `info.context` is the request's Context."""

_BUILT_IN = {"_Service"}


class Unauthenticated(GraphQLError):
    """Nobody is signed in, and this needs somebody."""

    def __init__(self, message: str = "Sign in to do this.") -> None:
        super().__init__(message, extensions={"code": "UNAUTHENTICATED"})


class AccessDenied(GraphQLError):
    """Somebody is signed in, but may not do this."""

    def __init__(self, message: str = "You may not see or do this, or it is not there.") -> None:
        super().__init__(message, extensions={"code": "FORBIDDEN"})


def present(found: T | None) -> T:
    """What was found. Raises AccessDenied for what is not there, or was not found for this caller."""
    if found is None:
        raise AccessDenied
    return found


async def PUBLIC(source: Any, info: Any, arguments: dict[str, Any]) -> bool:  # noqa: N802 - reads as a constant in tables
    """Everybody, signed in or not."""
    return True


async def SIGNED_IN(source: Any, info: Any, arguments: dict[str, Any]) -> bool:  # noqa: N802
    """Everybody with a valid token."""
    return info.context.principal is not None


async def FAN(source: Any, info: Any, arguments: dict[str, Any]) -> bool:  # noqa: N802
    """Every person with a valid token, not a service account."""
    principal = info.context.principal
    return principal is not None and not principal.is_service


def owner(user_of: Callable[[Any], str | None]) -> Rule:
    """The user whom the object belongs to; `user_of(source)` names her."""

    async def rule(source: Any, info: Any, arguments: dict[str, Any]) -> bool:
        principal = info.context.principal
        return principal is not None and user_of(source) == principal.user_id

    return rule


def permission(wanted: Permission, scope_of: ScopeOf) -> Rule:
    """Everybody with the permission on `scope_of(source, info, arguments)`; a scope of None is nothing that
    exists, so nobody.
    """

    async def rule(source: Any, info: Any, arguments: dict[str, Any]) -> bool:
        if info.context.principal is None:
            return False
        scope = await scope_of(source, info, arguments)
        return scope is not None and await info.context.access.allows(wanted, scope)

    return rule


def any_of(*rules: Rule) -> Rule:
    """Everybody whom at least one of the rules admits; asked in order."""

    async def rule(source: Any, info: Any, arguments: dict[str, Any]) -> bool:
        for one in rules:
            if await one(source, info, arguments):
                return True
        return False

    return rule


def enforce(schema: Schema, table: Mapping[str, Rule]) -> None:
    """Wraps the resolvers of a strawberry schema by the table. Raises LookupError for a field without, or a
    rule without a field.
    """
    used: set[str] = set()
    for type_ in _object_types(schema):
        for name, field in type_.fields.items():
            if name in ("_entities", "_service"):
                continue
            key = f"{type_.name}.{name}" if f"{type_.name}.{name}" in table else f"{type_.name}.*"
            if key not in table:
                raise LookupError(f"{type_.name}.{name} has no policy; add it to the subgraph's policy.py")
            used.add(key)
            if table[key] is not PUBLIC:
                _guard(field, table[key])
    if stale := table.keys() - used:
        raise LookupError(f"policies for fields that do not exist: {', '.join(sorted(stale))}")


def core_schema(schema: Schema) -> GraphQLSchema:
    """The graphql-core schema under a strawberry one."""
    return schema._schema  # pyright: ignore[reportPrivateUsage]


def _object_types(schema: Schema) -> list[GraphQLObjectType]:
    types = core_schema(schema).type_map.values()
    return [
        t
        for t in types
        if isinstance(t, GraphQLObjectType) and not t.name.startswith("__") and t.name not in _BUILT_IN
    ]


def _guard(field: GraphQLField, rule: Rule) -> None:
    field.resolve = partial(_guarded, rule, field.resolve or default_field_resolver)


async def _guarded(
    rule: Rule, resolve: Callable[..., Any], source: Any, info: Any, /, **arguments: Any
) -> Any:
    if not await rule(source, info, arguments):
        raise Unauthenticated() if info.context.principal is None else AccessDenied()
    result = resolve(source, info, **arguments)
    return await result if isawaitable(result) else result
