"""Asks a subgraph for every field in a persona's name, many fields in few documents, and says what each answered.

How a test gets at an object of a type: by `[objects]` of permissions.toml (an entity's id, or a path from another
type), else by the shortest path of fields from an entity or a query that gets there.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_composite_type,
    is_required_argument,
)

from scripts.devtools.permissions import Table
from services.kit.policy import core_schema
from tests.contract.permissions.world import World

_AT_ONCE = 40
_REFUSED = {"FORBIDDEN": "forbidden", "UNAUTHENTICATED": "sign-in"}


@dataclass(frozen=True)
class Way:
    """How to get at an object: the root selection, and the fields from there on, each with the type it is on."""

    root: str
    steps: tuple[tuple[str, str], ...] = ()
    query: str | None = None
    """The question that the root is, where it is no entity."""

    def then(self, type_name: str, selection: str) -> "Way":
        return replace(self, steps=(*self.steps, (type_name, selection)))

    def document(self, alias: str) -> str:
        """The selection of the last step's field, under an alias."""
        inner = ""
        for type_name, selection in reversed(self.steps):
            inner = f"{{ ... on {type_name} {{ {selection} {inner} }} }}"
        return f"{alias}: {self.root} {inner}"

    def names(self) -> list[str]:
        return [re.split(r"\W", selection)[0] for _, selection in self.steps]


def schema_of(service: str) -> GraphQLSchema:
    return core_schema(import_module(f"services.{service}.subgraph.schema").schema)


def object_types(schema: GraphQLSchema) -> dict[str, GraphQLObjectType]:
    """The types that have policies."""
    return {
        name: type_
        for name, type_ in schema.type_map.items()
        if isinstance(type_, GraphQLObjectType) and not name.startswith("_")
    }


def fields_of(schema: GraphQLSchema) -> list[str]:
    """Every `Type.field` but federation's own."""
    return [
        f"{name}.{field}"
        for name, type_ in object_types(schema).items()
        for field in type_.fields
        if not field.startswith("_")
    ]


class Asker:
    """Asks one subgraph of a world. `things` are the ids that the asks name."""

    def __init__(self, world: World, table: Table, things: dict[str, str] | None = None) -> None:
        self._world = world
        self._table = table
        self._things = things or world.things
        self.schema = schema_of(table.service)
        self._ways: dict[str, Way] = self._find_ways()

    def reachable(self) -> set[str]:
        """The types that can be got at without a mutation."""
        return {name.partition("@")[0] for name in self._ways} | {"Query", "Mutation"}

    def questions(self) -> list[str]:
        """What the table says something about: every field that a test can get at, in each variant of its type."""
        asked: list[str] = []
        for field in fields_of(self.schema):
            type_name, _, name = field.partition(".")
            variants = [way for way in self._ways if way.partition("@")[0] == type_name] or [type_name]
            asked += [each for v in variants if self._table.rule_of(each := f"{v}.{name}")]
        return asked

    async def ask(self, persona: str) -> dict[str, str]:
        """What every question answered this persona. Reads first, for mutations may change what is read."""
        questions = self.questions()
        roots = {root: [q for q in questions if q.startswith(f"{root}.")] for root in ("Query", "Mutation")}
        found = {question: await self.ask_root(persona, question) for question in roots["Query"]}
        wanted: list[str] = []
        for question in questions:
            if question not in roots["Query"] and question not in roots["Mutation"]:
                root = self._ways[question.partition(".")[0]].query
                if root and found[root] != "answered":
                    found[question] = found[root]
                else:
                    wanted.append(question)
        for start in range(0, len(wanted), _AT_ONCE):
            found |= await self._ask_fields(persona, wanted[start : start + _AT_ONCE])
        for question in roots["Mutation"]:
            found[question] = await self.ask_root(persona, question)
        return found

    async def _ask_fields(self, persona: str, questions: list[str]) -> dict[str, str]:
        ways = {f"q{place}": (q, self._way_to(q)) for place, q in enumerate(questions)}
        document = "{ " + "\n".join(way.document(alias) for alias, (_, way) in ways.items()) + " }"
        answer = await self._world.ask(self._table.service, persona, document)
        if not answer.get("data") and len(questions) > 1:  # one refusal took all the others with it
            half = len(questions) // 2
            first, second = questions[:half], questions[half:]
            return await self._ask_fields(persona, first) | await self._ask_fields(persona, second)
        data = answer["data"] or {}
        errors: dict[str, Any] = {}
        for error in answer.get("errors", ()):
            errors.setdefault(error["path"][0], error)
        return {
            question: _outcome(question, errors.get(alias), data.get(alias), way.names())
            for alias, (question, way) in ways.items()
        }

    async def ask_root(self, persona: str, question: str) -> str:
        """What a field of Query or Mutation answers, asked as `[asks]` says."""
        answer = await self.answer_root(persona, question)
        name = question.partition(".")[2]
        error = next(iter(answer.get("errors", ())), None)
        result = (answer.get("data") or {}).get(name)
        if question.startswith("Mutation.") and error is None and result is not None:
            return {"Forbidden": "forbidden", "NotFound": "nothing"}.get(result["__typename"], "answered")
        return _outcome(question, error, result, [])

    async def answer_root(self, persona: str, question: str) -> dict[str, Any]:
        """The whole answer."""
        root, _, name = question.partition(".")
        field = object_types(self.schema)[root].fields[name]
        document = f"{root.lower()} {{ {self._selection(question, name, field)} {_leaf(field)} }}"
        return await self._world.ask(self._table.service, persona, document)

    def _way_to(self, question: str) -> Way:
        variant, _, name = question.partition(".")
        type_name = variant.partition("@")[0]
        field = object_types(self.schema)[type_name].fields[name]
        selection = f"{self._selection(question, name, field)} {_leaf(field)}".strip()
        return self._ways[variant].then(type_name, selection)

    def _selection(self, question: str, name: str, field: GraphQLField) -> str:
        given = self._table.asks.get(question)
        if given is None:
            needed = [n for n, argument in field.args.items() if is_required_argument(argument)]
            assert not needed, f"{self._table.service}/permissions.toml: [asks] lacks {question!r}: {needed}"
            return name
        for thing, id_ in sorted(self._things.items(), key=lambda pair: -len(pair[0])):
            given = given.replace(f"<{thing}>", f'"{id_}"')
        assert "<" not in given, f"{question}: the world has no {given}"
        return f"{name}({given})"

    def _find_ways(self) -> dict[str, Way]:
        self._ways = {}
        for name, how in self._table.objects.items():
            if " " not in how:
                key = f'{{ __typename: "{name.partition("@")[0]}", id: "{self._things[how]}" }}'
                self._ways[name] = Way(f"_entities(representations: [{key}])")
        for name, how in self._table.objects.items():
            if " " in how:
                self._ways[name] = self._follow(how)
        self._spread([name for name in self._ways if "@" not in name])
        for name, field in object_types(self.schema)["Query"].fields.items():
            if not name.startswith("_") and self._can_ask(f"Query.{name}", field):
                root = self._selection(f"Query.{name}", name, field)
                fresh = [target for target in _targets(self.schema, field) if target not in self._ways]
                self._ways.update(dict.fromkeys(fresh, Way(root, query=f"Query.{name}")))
                self._spread(fresh)
        return self._ways

    def _spread(self, names: list[str]) -> None:
        """Goes on from these types to whatever their fields lead to, the shortest ways first."""
        queue = deque(names)
        while queue:
            name = queue.popleft()
            for field_name, field in object_types(self.schema)[name].fields.items():
                question = f"{name}.{field_name}"
                for target in _targets(self.schema, field):
                    if target not in self._ways and self._can_ask(question, field):
                        selection = self._selection(question, field_name, field)
                        self._ways[target] = self._ways[name].then(name, selection)
                        queue.append(target)

    def _follow(self, path: str) -> Way:
        """The way that a path like `Campaign gate AnyOf.gates` describes: where a field can lead to many types, the
        next one says from which of them it goes on.
        """
        start, *steps = path.split()
        way, type_name = self._ways[start], start.partition("@")[0]
        for step in steps:
            on, _, name = step.rpartition(".")
            type_name = on or type_name
            field = object_types(self.schema)[type_name].fields[name]
            way = way.then(type_name, self._selection(f"{type_name}.{name}", name, field))
            type_name = get_named_type(field.type).name
        return way

    def _can_ask(self, question: str, field: GraphQLField) -> bool:
        return question in self._table.asks or not any(map(is_required_argument, field.args.values()))


def _targets(schema: GraphQLSchema, field: GraphQLField) -> Iterator[str]:
    """The object types that a field can lead to."""
    target = get_named_type(field.type)
    if isinstance(target, GraphQLObjectType):
        yield target.name
    elif isinstance(target, GraphQLUnionType | GraphQLInterfaceType):
        yield from (type_.name for type_ in schema.get_possible_types(target))


def _leaf(field: GraphQLField) -> str:
    return "{ __typename }" if is_composite_type(get_named_type(field.type)) else ""


def _outcome(question: str, error: dict[str, Any] | None, data: Any, names: list[str]) -> str:
    if error is not None:
        code = error["extensions"]["code"]
        assert code in _REFUSED, f"{question}: {error}"
        return _REFUSED[code]
    return "answered" if _found(data, names) else "nothing"


def _found(data: Any, names: list[str]) -> bool:
    """Whether anything is at the end of the way, in any branch."""
    if isinstance(data, list):
        return any(_found(item, names) for item in data)
    if data is None or not names:
        return data is not None
    return _found(data.get(names[0]), names[1:])
