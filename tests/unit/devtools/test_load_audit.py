"""What the database is compared with: an acknowledged entry that is not there, told twice, or one too many."""

from collections.abc import Callable

import psycopg
import pytest

from scripts.devtools.databases import ServiceDatabase
from scripts.devtools.load.audit import Audit, audit
from scripts.devtools.load.measurement import misses_of

INSERT = """
INSERT INTO entry (id, campaign_id, user_id, identity, state, preferences, ticket_quantity, is_member, request_digest)
VALUES (%s, %s, %s, %s, 'ACCEPTED', ARRAY['mkt_a'], 1, false, '\\x00')
"""


@pytest.fixture
def dsn(database: Callable[[str], ServiceDatabase]) -> str:
    """An entries database with ent_1 to ent_3 in cmp_1, and ent_9 in another campaign."""
    owner = database("entries").owner_dsn
    with psycopg.connect(owner) as connection:
        for number in (1, 2, 3):
            connection.execute(INSERT, [f"ent_{number}", "cmp_1", f"usr_{number}", b"%d" % number])
        connection.execute(INSERT, ["ent_9", "cmp_2", "usr_9", b"9"])
    return owner


async def test_every_acknowledged_entry_is_there_once(dsn: str) -> None:
    found = await audit(dsn, "cmp_1", ["ent_1", "ent_2", "ent_3"])

    assert found == Audit(acknowledged=3, rows=3, lost=0, duplicates=0)
    assert found.good
    assert misses_of(found) == []


async def test_an_entry_that_is_not_there_or_in_another_campaign_is_lost(dsn: str) -> None:
    found = await audit(dsn, "cmp_1", ["ent_1", "ent_9", "ent_none"])

    assert (found.lost, found.duplicates, found.unacknowledged) == (2, 0, 2)
    assert misses_of(found) == ["2 acknowledged entries are not in the database."]


async def test_an_entry_that_two_fans_were_told_is_a_duplicate(dsn: str) -> None:
    found = await audit(dsn, "cmp_1", ["ent_1", "ent_2", "ent_2"])

    assert (found.lost, found.duplicates) == (0, 1)
    assert not found.good


async def test_a_fan_or_an_identity_that_is_there_twice_is_a_duplicate(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(INSERT, ["ent_4", "cmp_1", "usr_3", b"another"])
        connection.execute("ALTER TABLE entry DROP CONSTRAINT entry_campaign_id_identity_key")
        connection.execute(INSERT, ["ent_5", "cmp_1", "usr_5", b"1"])

    found = await audit(dsn, "cmp_1", ["ent_1", "ent_2", "ent_3", "ent_4", "ent_5"])

    assert (found.lost, found.duplicates) == (0, 2)
