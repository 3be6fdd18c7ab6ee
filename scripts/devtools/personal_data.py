"""The map of personal data: `services/<service>/personal_data.toml` says what every column has to do with a person.

`[none]` names, by table, the columns that say nothing about anybody. Every other column is in a `[[personal]]` group
(it says something about a person) or a `[[pseudonymous]]` one (it leads to her), which says:

`erasure`  what an erasure leaves: `erased` (her value is gone), `nobody` (NOBODY stands there), or `kept: why`;
`archive`  which record of her archive has it, or `no: why`.

A column that holds different things in different rows is in several groups, each with `rows`, a condition in SQL.
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.devtools.settings import ROOT

KINDS = ("personal", "pseudonymous")


class MapError(Exception):
    """A personal_data.toml that says too little or too much; the message says what and where."""


@dataclass(frozen=True)
class Group:
    """Columns of one table that have the same fate. `rows` limits it to rows for which that is true."""

    kind: str
    table: str
    columns: tuple[str, ...]
    erasure: str
    archive: str
    rows: str | None = None

    @property
    def outcome(self) -> str:
        """`erased`, `nobody` or `kept`."""
        return self.erasure.partition(":")[0]

    @property
    def record(self) -> str | None:
        """The kind of record that has it in the archive."""
        return None if self.archive.startswith("no:") else self.archive


@dataclass(frozen=True)
class Map:
    """One service's map. See the module's docstring for the parts."""

    service: str
    none: Mapping[str, tuple[str, ...]]
    groups: tuple[Group, ...]

    def places(self) -> Iterator[tuple[str, str | None]]:
        """Everything that is classified: `table.column`, and for which rows."""
        for table, columns in self.none.items():
            yield from ((f"{table}.{column}", None) for column in columns)
        for group in self.groups:
            yield from ((f"{group.table}.{column}", group.rows) for column in group.columns)


def load(service: str, root: Path = ROOT) -> Map:
    """The map of a service. Raises MapError."""
    return parse(service, (root / "services" / service / "personal_data.toml").read_text())


def parse(service: str, text: str) -> Map:
    """The map that this text is. Raises MapError, naming the table or column."""
    data = tomllib.loads(text)
    if unknown := data.keys() - {"none", *KINDS}:
        raise MapError(f"{service}: no part of a map: {', '.join(sorted(unknown))}")
    groups = tuple(_group(service, kind, given) for kind in KINDS for given in data.get(kind, []))
    none = {table: tuple(columns.split()) for table, columns in data.get("none", {}).items()}
    found = Map(service, none, groups)
    rows_of: dict[str, list[str | None]] = defaultdict(list)
    for place, rows in found.places():
        rows_of[place].append(rows)
    if twice := sorted(
        place
        for place, rows in rows_of.items()
        if len(rows) > 1 and (None in rows or len({*rows}) < len(rows))
    ):
        raise MapError(f"{service}: classified twice: {', '.join(twice)}")
    return found


def _group(service: str, kind: str, given: dict[str, Any]) -> Group:
    where = f"{service}: {kind} {given.get('table', '')}.{given.get('columns', '')}"
    if unknown := given.keys() - {"table", "columns", "erasure", "archive", "rows"}:
        raise MapError(f"{where}: nothing to say of a group: {', '.join(sorted(unknown))}")
    if missing := [name for name in ("table", "columns", "erasure", "archive") if not given.get(name)]:
        raise MapError(f"{where}: say {', '.join(missing)}")
    outcome, _, why = given["erasure"].partition(":")
    if (outcome, bool(why.strip())) not in {("erased", False), ("nobody", False), ("kept", True)}:
        raise MapError(f"{where}: erasure is `erased`, `nobody` or `kept: why`")
    archive, colon, why = given["archive"].partition(":")
    if (archive == "no") != bool(colon) or (colon and not why.strip()):
        raise MapError(f"{where}: archive is a kind of record, or `no: why`")
    columns = tuple(given["columns"].split())
    return Group(kind, given["table"], columns, given["erasure"], given["archive"], given.get("rows"))
