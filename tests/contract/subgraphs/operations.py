"""What is asked of a subgraph: operations that nobody wrote, and its part of those that frontends send."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from random import Random
from typing import Any

from graphql import (
    REMOVE,
    DocumentNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    build_schema,
    get_named_type,
    is_required_input_field,
    parse,
    parse_value,
    print_ast,
    type_from_ast,
    validate,
    visit,
)
from hypothesis import strategies as st
from hypothesis_graphql import from_schema

from scripts.devtools.settings import ROOT
from services.kit.policy import core_schema
from tests.support.fuzzing import SCALARS

DOCUMENTS = sorted((ROOT / "gateway-config" / "operations").glob("*/*.graphql"))
IDS = [f"{kind}_{'a' * 26}" for kind in ("cmp", "ent", "evt", "mkt", "team", "usr", "wav", "sel", "cod")]
VALUES: Mapping[str, list[Any]] = {
    "Boolean": [True, False],
    "CountryCode": ["US", "IE"],
    "DateTime": ["2030-01-01T00:00:00Z"],
    "EmailAddress": ["a@example.com"],
    "Float": [0.0, 0.5],
    "ID": IDS,
    "Int": [0, 1, 5, 100],
    "Locale": ["en-US", "es-MX"],
    "PhoneNumber": ["+12125550100"],
    "String": ["", "x", "Las Ínsulas", "2030-01-01", *IDS],
    "URL": ["https://example.com/a"],
}


def schema_of(service: str) -> GraphQLSchema:
    return core_schema(import_module(f"services.{service}.subgraph.schema").schema)


def entities_of(schema: GraphQLSchema) -> list[str]:
    """The types that the router may ask this subgraph for by id."""
    return [each.name for each in schema.type_map["_Entity"].types]  # type: ignore[attr-defined]


def made_up(schema: GraphQLSchema) -> st.SearchStrategy[str]:
    """Operations that nobody wrote, `_entities` among them."""
    representation = st.builds(
        lambda kind, id_: parse_value(_representation(kind, id_)),
        st.sampled_from(entities_of(schema)),
        st.sampled_from(IDS),
    )
    return from_schema(schema, custom_scalars={**SCALARS, "_Any": representation}, allow_x00=False)


@cache
def written(service: str) -> list[DocumentNode]:
    """A subgraph's part of each document: what it serves of it from the root, and of each entity in it."""
    schema, graph = schema_of(service), build_schema((ROOT / "gateway-config" / "public.graphql").read_text())
    wanted = [part for path in DOCUMENTS for part in _parts(parse(path.read_text()), graph, schema)]
    served = [found for each in wanted if (found := _served(each, schema))]
    for each in served:
        assert not validate(schema, each), print_ast(each)
    return served


def variables_for(document: DocumentNode, schema: GraphQLSchema, random: Random) -> dict[str, Any]:
    """Values that the document's variables may have; some that may be left out are."""
    (operation,) = _operations(document)
    return {
        each.variable.name.value: _value(type_from_ast(schema, each.type), random)
        for each in operation.variable_definitions or ()
        if isinstance(type_from_ast(schema, each.type), GraphQLNonNull) or random.random() < 0.7
    }


def _operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    return [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]


def _parts(document: DocumentNode, graph: GraphQLSchema, schema: GraphQLSchema) -> Iterator[DocumentNode]:
    yield document
    (operation,) = _operations(document)
    declared = " ".join(map(print_ast, operation.variable_definitions or ()))
    entities, found, info = entities_of(schema), list[str](), TypeInfo(graph)

    class Entities(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            type_ = get_named_type(info.get_type())
            if node.selection_set and type_ and type_.name in entities:
                those = ", ".join(_representation(type_.name, id_) for id_ in IDS[:2])
                found.append(
                    f"{{ _entities(representations: [{those}]) "
                    f"{{ ... on {type_.name} {print_ast(node.selection_set)} }} }}"
                )

    visit(document, TypeInfoVisitor(info, Entities()))
    for selection in found:
        yield parse(f"query Part{declared and f'({declared})'} {selection}")


def _representation(kind: str, id_: str) -> str:
    return f'{{__typename: "{kind}", id: "{id_}"}}'


def _served(document: DocumentNode, schema: GraphQLSchema) -> DocumentNode | None:
    """The document without what other subgraphs serve; None where nothing is left."""
    info, used = TypeInfo(schema), set[str]()

    class Prune(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> Any:
            return None if info.get_field_def() else REMOVE

        def leave_field(self, node: FieldNode, *_: Any) -> Any:
            return _unless_empty(node)

        def enter_inline_fragment(self, node: InlineFragmentNode, *_: Any) -> Any:
            return None if info.get_type() else REMOVE

        def leave_inline_fragment(self, node: InlineFragmentNode, *_: Any) -> Any:
            return _unless_empty(node)

        def leave_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> Any:
            return _unless_empty(node)

    class Used(Visitor):
        def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> Any:
            return False

        def enter_variable(self, node: VariableNode, *_: Any) -> None:
            used.add(node.name.value)

    class Unused(Visitor):
        def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> Any:
            return None if node.variable.name.value in used else REMOVE

    left: DocumentNode = visit(document, TypeInfoVisitor(info, Prune()))
    if not _operations(left):
        return None
    visit(left, Used())
    return visit(left, Unused())


def _unless_empty(node: Any) -> Any:
    chosen = node.selection_set
    return REMOVE if chosen and all(_is_typename(each) for each in chosen.selections) else None


def _is_typename(node: Any) -> bool:
    return isinstance(node, FieldNode) and node.name.value == "__typename"


def _value(type_: Any, random: Random) -> Any:
    match type_:
        case GraphQLNonNull():
            return _value(type_.of_type, random)
        case GraphQLList():
            return [_value(type_.of_type, random) for _ in range(random.choice([0, 1, 1]))]
        case GraphQLEnumType():
            return random.choice(list(type_.values))
        case GraphQLInputObjectType():
            return {
                name: _value(field.type, random)
                for name, field in type_.fields.items()
                if is_required_input_field(field) or random.random() < 0.5
            }
        case _:
            return random.choice(VALUES[type_.name])
