"""The truth table of permissions: `services/<service>/permissions.toml` says what every field answers every persona.

A file has three parts. `[objects]` and `[asks]` say how a test gets at a field. `[rules.<name>]` is the table: for the
`fields` it lists (`Type.field`, or `Type.*` for what of a type no other rule names), every persona is named under
exactly one outcome. `[answers]` lists types that only come as the result of a mutation, so that the mutation's rule is
theirs.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.devtools.settings import ROOT

PERSONAS: dict[str, str] = {
    "anonymous": "nobody: no token",
    "fan": "a fan who registered and won; the fan's things are hers",
    "another-fan": "a fan with nothing here",
    "owner": "OWNER of the team",
    "admin": "ADMIN of the team",
    "editor": "CAMPAIGN_EDITOR of the team",
    "selection-manager": "SELECTION_MANAGER of the team",
    "code-manager": "CODE_MANAGER of the team",
    "analyst": "ANALYST of the team",
    "pii-viewer": "PII_VIEWER of the team",
    "support": "SUPPORT of the team",
    "viewer": "VIEWER of the team",
    "outsider": "OWNER of another team",
    "service": "a service account, ANALYST of the team",
    "expired": "ADMIN of the team, until it expired",
}

OUTCOMES: dict[str, str] = {
    "answered": "answered",
    "nothing": "null or empty, as if it were not there",
    "forbidden": "an error FORBIDDEN, or the Forbidden of a mutation's union",
    "sign-in": "an error UNAUTHENTICATED",
}


class TableError(Exception):
    """A permissions.toml that says too little or too much; the message says what and where."""


@dataclass(frozen=True)
class Rule:
    """One line of the truth table: what the `fields` answer each persona."""

    name: str
    says: str
    outcomes: Mapping[str, str]
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """The truth of one subgraph. See the module's docstring for the parts."""

    service: str
    objects: Mapping[str, str]
    asks: Mapping[str, str]
    answers: tuple[str, ...]
    rules: tuple[Rule, ...]

    def rule_of(self, field: str) -> Rule | None:
        """The rule of `Type.field` or `Type@variant.field`: the one that names it, else its type's `.*`."""
        by_field = {name: rule for rule in self.rules for name in rule.fields}
        return by_field.get(field) or by_field.get(f"{field.partition('.')[0]}.*")

    def names(self) -> Iterator[str]:
        """Everything that the rules list."""
        return (name for rule in self.rules for name in rule.fields)


def load(service: str, root: Path = ROOT) -> Table:
    """The table of a subgraph. Raises TableError."""
    path = root / "services" / service / "permissions.toml"
    return parse(service, path.read_text())


def parse(service: str, text: str) -> Table:
    """The table that this text is. Raises TableError, naming the rule."""
    data = tomllib.loads(text)
    if unknown := data.keys() - {"objects", "asks", "answers", "rules"}:
        raise TableError(f"{service}: no part of a table: {', '.join(sorted(unknown))}")
    rules = tuple(_rule(service, name, rule) for name, rule in data.get("rules", {}).items())
    table = Table(
        service,
        data.get("objects", {}),
        data.get("asks", {}),
        tuple(data.get("answers", {}).get("types", ())),
        rules,
    )
    listed = [*table.names()]
    if twice := sorted({name for name in listed if listed.count(name) > 1}):
        raise TableError(f"{service}: named by two rules: {', '.join(twice)}")
    return table


def _rule(service: str, name: str, given: dict[str, Any]) -> Rule:
    where = f"{service}: rules.{name}"
    if unknown := given.keys() - {"says", "fields", *OUTCOMES}:
        raise TableError(f"{where}: no outcome: {', '.join(sorted(unknown))}")
    pairs = [(persona, outcome) for outcome in OUTCOMES for persona in given.get(outcome, "").split()]
    named = [persona for persona, _ in pairs]
    for persona in PERSONAS:
        if named.count(persona) != 1:
            raise TableError(f"{where}: name {persona} under exactly one of {', '.join(OUTCOMES)}")
    if unknown := set(named) - PERSONAS.keys():
        raise TableError(f"{where}: nobody is called {', '.join(sorted(unknown))}")
    if not given.get("says") or not given.get("fields"):
        raise TableError(f"{where}: say in words who is let in (`says`), and to which `fields`")
    return Rule(name, given["says"], dict(pairs), tuple(given["fields"]))
