"""Every subgraph's SDL: described for frontends, consistent across subgraphs, and complete by its own rules."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from graphql import (
    DirectiveNode,
    EnumTypeDefinitionNode,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    TypeDefinitionNode,
    UnionTypeDefinitionNode,
    parse,
    print_ast,
)

from services import SERVICES

_FEDERATION = ("_Any", "_Entity", "_Service", "_FieldSet", "FieldSet", "federation__")


@cache
def definitions(service: str) -> tuple[TypeDefinitionNode, ...]:
    path = Path(__file__).parents[2] / "services" / service / "schema.graphql"
    nodes = parse(path.read_text()).definitions
    return tuple(
        node
        for node in nodes
        if isinstance(node, TypeDefinitionNode) and not node.name.value.startswith(_FEDERATION)
    )


Described = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode | InputObjectTypeDefinitionNode


def undescribed(node: TypeDefinitionNode) -> Iterator[str]:
    """What of a type has no description; a stub of another's entity needs none, nor a mutation's `input`."""
    name = node.name.value
    stub = isinstance(node, ObjectTypeDefinitionNode) and len(node.fields or ()) == 1
    if not node.description and name not in ("Query", "Mutation") and not stub:
        yield name
    fields = (node.fields or ()) if isinstance(node, Described) else ()
    for field in fields:
        path = f"{name}.{field.name.value}"
        if not field.description and not field.name.value.startswith("_"):
            yield path
        for argument in getattr(field, "arguments", None) or ():
            if not argument.description and argument.name.value not in ("input", "representations"):
                yield f"{path}({argument.name.value}:)"
    if isinstance(node, EnumTypeDefinitionNode):
        yield from (f"{name}.{value.name.value}" for value in node.values or () if not value.description)


@pytest.mark.parametrize("service", SERVICES)
def test_everything_a_frontend_can_see_is_described(service: str) -> None:
    assert [path for node in definitions(service) for path in undescribed(node)] == []


@pytest.mark.parametrize("service", SERVICES)
def test_mutations_take_one_input_and_answer_a_union(service: str) -> None:
    unions = {node.name.value for node in definitions(service) if isinstance(node, UnionTypeDefinitionNode)}
    for node in definitions(service):
        if node.name.value != "Mutation" or not isinstance(node, ObjectTypeDefinitionNode):
            continue
        for field in node.fields or ():
            name = field.name.value
            pascal = name[0].upper() + name[1:]
            assert [argument.name.value for argument in field.arguments or ()] == ["input"], name
            assert print_ast(next(iter(field.arguments or ())).type) == f"{pascal}Input!", name
            assert print_ast(field.type) == f"{pascal}Result!", name
            assert f"{pascal}Result" in unions, name


ALWAYS_SHARED = EnumTypeDefinitionNode | ScalarTypeDefinitionNode | InterfaceTypeDefinitionNode


def test_types_of_several_subgraphs_are_the_same_in_each() -> None:
    """Enums, scalars, interfaces, errors: identical to the letter, or composition would merge them quietly."""
    seen: dict[str, tuple[str, str]] = {}
    differing: list[str] = []
    for service in SERVICES:
        for node in definitions(service):
            shareable = any(directive.name.value == "shareable" for directive in node.directives or ())
            if not shareable and not isinstance(node, ALWAYS_SHARED):
                continue
            first = seen.setdefault(node.name.value, (service, print_ast(node)))
            if first[1] != print_ast(node):
                differing.append(f"{node.name.value}: {first[0]} and {service} differ")
    assert differing == []


def test_fields_contributed_to_another_subgraphs_entity_are_nullable() -> None:
    """One dead subgraph must never blank a page."""
    owners = {
        "users": {"User", "Team", "PrivacyRequest"},
        "campaigns": {"Campaign", "Market", "Event", "Venue", "Artist", "Promoter", "Upload"},
        "entries": {"Entry", "Wave", "Selection", "ExportJob"},
        "codes": {"CodePool", "AccessCode"},
    }
    elsewhere = {name: service for service, names in owners.items() for name in names}
    blanking = [
        f"{service}: {node.name.value}.{field.name.value}"
        for service in SERVICES
        for node in definitions(service)
        if isinstance(node, ObjectTypeDefinitionNode)
        if elsewhere.get(node.name.value, service) != service
        for field in node.fields or ()
        if field.name.value not in ("id", "slug") and print_ast(field.type).endswith("!")
    ]
    assert blanking == []


def _tags(directives: tuple[DirectiveNode, ...]) -> set[str]:
    return {
        print_ast(next(iter(d.arguments or ())).value).strip('"') for d in directives if d.name.value == "tag"
    }


def test_administrative_mutations_are_tagged() -> None:
    """The fan contract is the graph without `admin`: what a fan does is listed here, all else must be tagged."""
    fans = {
        "startPhoneVerification", "confirmPhoneVerification", "updateProfile", "updatePrivacySettings",
        "startAccountLink", "linkAccount", "unlinkAccount", "verifyCard", "removeCard",
        "verifyIdentity", "revokeIdentity", "recordConsent", "requestPersonalData", "requestErasure",
        "submitEntry", "updateEntryPreferences", "withdrawEntry", "appealEntry",
    }  # fmt: skip
    untagged = [
        f"{service}: {field.name.value}"
        for service in SERVICES
        for node in definitions(service)
        if node.name.value == "Mutation" and isinstance(node, ObjectTypeDefinitionNode)
        for field in node.fields or ()
        if field.name.value not in fans and "admin" not in _tags(tuple(field.directives or ()))
    ]
    assert untagged == []
