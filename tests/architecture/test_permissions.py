"""The truth table is whole: every field has its row, every row its field, and every mutation a way to be asked."""

import re
from functools import cache

import pytest
from graphql import is_required_argument

from scripts.devtools import permissions
from scripts.devtools.permissions import Table, TableError
from services import SERVICES
from tests.contract.permissions.asking import fields_of, object_types, schema_of


@cache
def table(service: str) -> Table:
    return permissions.load(service)


def uncovered(of: Table) -> list[str]:
    """The fields that no rule speaks of, in no variant of their type."""
    plain = {re.sub(r"@[^.]+", "", name) for name in of.names()}
    return [
        field
        for field in fields_of(schema_of(of.service))
        if field not in plain and f"{(type_ := field.partition('.')[0])}.*" not in plain and type_ not in of.answers
    ]  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
def test_every_field_has_a_row(service: str) -> None:
    assert uncovered(table(service)) == [], (
        f"add them to services/{service}/permissions.toml (CONTRIBUTING.md)"
    )


def test_negative_control_a_field_without_a_row() -> None:
    users = table("users")
    rules = tuple(rule for rule in users.rules if "Query.auditLog" not in rule.fields)
    assert "Query.auditLog" in uncovered(Table("users", users.objects, users.asks, users.answers, rules))


@pytest.mark.parametrize("service", SERVICES)
def test_every_row_has_a_field(service: str) -> None:
    fields = {*fields_of(schema_of(service))}
    types = object_types(schema_of(service))
    stale = [
        name
        for name in table(service).names()
        if (plain := re.sub(r"@[^.]+", "", name)) not in fields
        and not (plain.endswith(".*") and plain.removesuffix(".*") in types)
    ]
    stale += [name for name in table(service).answers if name not in types]
    stale += [name for name in table(service).asks if name not in fields]
    assert stale == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_question_can_be_asked(service: str) -> None:
    types = object_types(schema_of(service))
    assert [
        f"{root}.{name}"
        for root in ("Query", "Mutation")
        for name, field in types[root].fields.items()
        if any(map(is_required_argument, field.args.values()))
        and not name.startswith("_")
        and f"{root}.{name}" not in table(service).asks
    ] == [], f"say in [asks] of services/{service}/permissions.toml how a test asks them"


@pytest.mark.parametrize("service", SERVICES)
def test_every_rule_lets_somebody_in(service: str) -> None:
    """But those called `unset…`, for fields that nothing in the tests' world fills."""
    assert [
        rule.name
        for rule in table(service).rules
        if "answered" not in rule.outcomes.values() and not rule.name.startswith("unset")
    ] == []


GOOD = '[rules.x]\nsays = "x"\nanswered = "{}"\nfields = ["A.b"]'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.format("fan"), "name anonymous under exactly one"),
        (GOOD.format(" ".join([*permissions.PERSONAS, "fan"])), "name fan under exactly one"),
        (GOOD.format(" ".join([*permissions.PERSONAS, "boss"])), "nobody is called boss"),
        (GOOD.format(" ".join(permissions.PERSONAS)).replace("answered", "seen"), "no outcome: seen"),
        (GOOD.format(" ".join(permissions.PERSONAS)).replace('["A.b"]', '["A.b", "A.b"]'), "named by two rules"),
        ("[rule.x]", "no part of a table"),
    ],
)  # fmt: skip
def test_a_table_that_says_too_little_or_too_much_is_refused(text: str, words: str) -> None:
    with pytest.raises(TableError, match=words):
        permissions.parse("users", text)
