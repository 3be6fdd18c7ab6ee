"""The map of personal data is whole: every column of every table has its line, every line its column."""

from collections.abc import Callable

import psycopg
import pytest

from scripts.devtools import personal_data
from scripts.devtools.databases import ServiceDatabase
from scripts.devtools.personal_data import MapError
from services import SERVICES

COLUMNS = """
SELECT c.table_name || '.' || c.column_name
FROM information_schema.columns c
JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
"""


def live_columns(database: ServiceDatabase, *changes: str) -> set[str]:
    """The columns that a migrated database has, as `table.column`."""
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        for change in changes:
            owner.execute(change.encode())
        return {name for (name,) in owner.execute(COLUMNS)}


def mapped(service: str) -> set[str]:
    return {place for place, _ in personal_data.load(service).places()}


@pytest.mark.parametrize("service", SERVICES)
def test_every_column_has_a_line_and_every_line_a_column(
    database: Callable[[str], ServiceDatabase], service: str
) -> None:
    live = live_columns(database(service))
    assert sorted(live - mapped(service)) == [], (
        f"say in services/{service}/personal_data.toml what they have to do with a person (CONTRIBUTING.md)"
    )
    assert sorted(mapped(service) - live) == [], "there is no such column any more"


def test_negative_control_a_column_that_nobody_spoke_of(database: Callable[[str], ServiceDatabase]) -> None:
    live = live_columns(database("entries"), "ALTER TABLE entry ADD nickname text")
    assert "entry.nickname" in live - mapped("entries")


GROUP = '[[personal]]\ntable = "a"\ncolumns = "b"\nerasure = "{}"\narchive = "{}"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GROUP.format("forgotten", "x"), "erasure is `erased`"),
        (GROUP.format("kept", "x"), "`kept: why`"),
        (GROUP.format("kept: ", "x"), "`kept: why`"),
        (GROUP.format("erased", "no"), "`no: why`"),
        (GROUP.format("erased", "not: because"), "`no: why`"),
        (GROUP.format("erased", ""), "say archive"),
        (GROUP.format("erased", "x") * 2, "classified twice: a.b"),
        ('[none]\na = "b"\n' + GROUP.format("erased", "x"), "classified twice: a.b"),
        (GROUP.format("erased", "x") + 'fate = "?"', "nothing to say of a group"),
        ('[secret]\na = "b"', "no part of a map"),
    ],
)  # fmt: skip
def test_a_map_that_says_too_little_or_too_much_is_refused(text: str, words: str) -> None:
    with pytest.raises(MapError, match=words):
        personal_data.parse("users", text)


def test_a_column_may_have_two_fates_in_different_rows() -> None:
    two = GROUP.format("erased", "x") + 'rows = "c"\n' + GROUP.format("nobody", "x") + 'rows = "d"\n'
    assert [group.outcome for group in personal_data.parse("users", two).groups] == ["erased", "nobody"]
