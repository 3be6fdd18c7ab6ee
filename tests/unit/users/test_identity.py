"""Who somebody is: made once, however many first requests there are, and followed when the issuer knows more."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from scripts.devtools.databases import ServiceDatabase
from services.kit.pg import Query
from services.kit.privacy import NOBODY
from services.users.backend import store
from tests.support import issuer
from tests.support.service import ServiceUnderTest, open_service
from tests.unit.users.world import meet_after, uid

VIEWER = "{ viewer { id email } }"


@pytest.mark.parametrize("atomic", [True, False], ids=["as built", "negative control"])
async def test_first_requests_of_one_fan_in_two_processes_make_her_once(
    database: Callable[[str], ServiceDatabase], monkeypatch: pytest.MonkeyPatch, atomic: bool
) -> None:
    if not atomic:
        upsert = store.q.sight_users
        insert = f"{upsert.sql.partition('ON CONFLICT')[0]} RETURNING u.*, true AS inserted"
        check_then_insert = Query(upsert.name, upsert.summary, insert, upsert.parameters)
        monkeypatch.setitem(store.q.all, "sight_users", check_then_insert)
    meet_after(monkeypatch, "users_by_id", parties=2)
    dsn = database("users").service_dsn
    async with open_service("users", dsn) as one, open_service("users", dsn) as two:
        answers: list[dict[str, Any]] = await asyncio.gather(
            *((one, two)[n % 2].graphql(VIEWER, token=issuer.token("ada")) for n in range(20))
        )
        made = await one.resources.database.pool.fetch(
            "SELECT id, version FROM app_user WHERE id <> $1", NOBODY
        )
    assert [(row["id"], row["version"]) for row in made] == [(uid("ada"), 1)]
    assert (not any("errors" in answer for answer in answers)) is atomic


async def test_a_new_address_is_followed_and_the_old_one_is_gone(users: ServiceUnderTest) -> None:
    lookup = users.resources.lookup
    for email in ("old@example.com", "New@Example.com"):
        answer = await users.graphql(VIEWER, token=issuer.token("ada", email=email))
        assert answer["data"]["viewer"] == {"id": uid("ada"), "email": email}
    rows = await users.resources.database.pool.fetch(
        "SELECT email_lookup, version FROM app_user WHERE id <> $1", NOBODY
    )
    assert [(row["email_lookup"], row["version"]) for row in rows] == [
        (lookup.digest("email", "new@example.com"), 2)
    ]


@pytest.mark.parametrize("verified", [False, None, "true", 1])
async def test_an_address_that_the_issuer_does_not_vouch_for_changes_nothing(
    users: ServiceUnderTest, verified: object
) -> None:
    await users.graphql(VIEWER, token=issuer.token("ada", email="ada@example.com"))
    token = issuer.token("ada", email="victim@example.com", email_verified=verified)
    assert (await users.graphql(VIEWER, token=token))["data"]["viewer"]["email"] == "ada@example.com"


async def test_a_token_without_an_address_keeps_the_known_one(users: ServiceUnderTest) -> None:
    await users.graphql(VIEWER, token=issuer.token("ada"))
    answer = await users.graphql(VIEWER, token=issuer.token("ada", email=None))
    assert answer["data"]["viewer"]["email"] == "ada@example.com"
