"""requestErasure: a saga over four services that no kill and no outage makes forget anything or do anything twice."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.kit.pg import Database
from services.kit.privacy import NOBODY
from tests.federation.privacy.conftest import System, deliver_all, uid
from tests.support import issuer

REQUEST = """
mutation ($input: RequestErasureInput!) { requestErasure(input: $input) {
  __typename ... on ErasureRequested { replayed request { ...all } } ... on Error { code message }
} }
fragment all on PrivacyRequest {
  id kind state progress createdAt dueAt finishedAt failure downloadUrl receipts { service state recordCount digest at }
}
"""
POLL = """
query ($id: ID!) { privacyRequest(id: $id) {
  id state progress receipts { service state recordCount digest at }
} }
"""


async def ask(system: System, token: str, **input: Any) -> dict[str, Any]:
    answer = await system.users.graphql(REQUEST, {"input": input}, token=token)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["requestErasure"]


async def poll(system: System, token: str, request_id: str) -> dict[str, Any]:
    answer = await system.users.graphql(POLL, {"id": request_id}, token=token)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["privacyRequest"]


async def run(system: System) -> None:
    """The worker, until no erasure is left to go on with; leases are over at once."""
    pool = system.users.resources.database.pool
    for _ in range(20):
        await pool.execute("UPDATE privacy_request SET next_attempt_at = now()")
        if not await system.users.resources.privacy_jobs.erase_next():
            return


async def rows(system: System) -> str:
    """Every row of every table of every service as text, but for the tombstones, by which she stays out."""
    found: list[str] = []
    kept = {"alembic_version", "erasure", "user_fact", "privacy_request"}
    for service in system.services:
        pool = service.resources.database.pool
        tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        for (table,) in tables:
            if table not in kept:
                text = await pool.fetch(f"SELECT t::text FROM {table} t")
                found += [f"{service.name}.{table} {row[0]}" for row in text]
    return "\n".join(found)


async def test_every_service_forgets_her_and_says_so(system: System) -> None:
    token = issuer.token("ada")
    await system.register("ada")
    await system.register("bob")
    await system.win("ada")
    assert uid("ada") in await rows(system)  # the search would find her

    asked = await ask(system, token)
    assert (asked["__typename"], asked["replayed"], asked["request"]["state"]) == (
        "ErasureRequested",
        False,
        "QUEUED",
    )
    created, due = (datetime.fromisoformat(asked["request"][name]) for name in ("createdAt", "dueAt"))
    assert timedelta(days=27) < due - created <= timedelta(days=31)
    await run(system)
    done = await poll(system, token, asked["request"]["id"])
    assert (done["state"], done["progress"]) == ("SUCCEEDED", 1.0)
    assert [receipt["service"] for receipt in done["receipts"]] == ["campaigns", "codes", "entries", "users"]
    counts = {receipt["service"]: receipt["recordCount"] for receipt in done["receipts"]}
    assert counts["users"] >= 2, "profile and campaign"
    assert (counts["entries"] >= 1, counts["codes"] == 1, counts["campaigns"] == 0) == (True, True, True)
    assert all(len(receipt["digest"]) == 64 for receipt in done["receipts"])
    left = await rows(system)
    assert uid("ada") not in left
    assert uid("bob") in left
    assert await system.codes.resources.database.pool.fetchval("SELECT user_id FROM assignment") == NOBODY


async def test_the_account_is_closed_at_once_and_her_old_token_polls_the_request_alone(
    system: System,
) -> None:
    token = issuer.token("ada")
    await system.register("ada")
    asked = await ask(system, token)
    for _ in range(2):
        answer = await system.users.graphql("{ viewer { id } }", token=token)
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        again = await ask(system, token)
        assert (again["replayed"], again["request"]["id"]) == (True, asked["request"]["id"])
        await run(system)
    assert await poll(system, issuer.token("bob"), asked["request"]["id"]) is None


async def test_who_comes_back_is_somebody_new(system: System) -> None:
    token = issuer.token("ada")
    await system.register("ada")
    version = await system.users.resources.database.pool.fetchval(
        "SELECT version FROM app_user WHERE id = $1", uid("ada")
    )
    await ask(system, token)
    await run(system)
    later = int((datetime.now(UTC) + timedelta(seconds=2)).timestamp())
    query = "{ viewer { id email createdAt privacyRequests { id } } }"
    answer = await system.users.graphql(query, token=issuer.token("ada", iat=later))
    assert answer["data"]["viewer"]["email"] == "ada@example.com"
    await system.register("ada", iat=later)
    await deliver_all(system.users)
    new = await system.users.resources.database.pool.fetchval(
        "SELECT version FROM app_user WHERE id = $1", uid("ada")
    )
    assert new > version
    fact = "SELECT version, member_id FROM user_fact WHERE user_id = $1"
    assert tuple(await system.entries.resources.database.pool.fetchrow(fact, uid("ada"))) == (
        new,
        "member-ada",
    )


async def test_a_sighting_in_flight_does_not_bring_her_back(system: System) -> None:
    system.wires["users"].down = True
    token = issuer.token("ada")
    answer = await system.users.graphql("{ viewer { id } }", token=token)
    assert answer["data"]["viewer"]
    await system.register("ada")  # users hears nothing yet
    waiting = await system.entries.resources.database.pool.fetch(
        "SELECT * FROM outbox WHERE topic = 'sighting'"
    )
    assert waiting
    await ask(system, token)
    await run(system)
    system.wires["users"].down = False
    insert = "INSERT INTO outbox (id, topic, target, body) VALUES ($1, $2, $3, $4)"
    for row in waiting:  # as if another worker had been delivering it all the while
        await system.entries.resources.database.pool.execute(
            insert, row["id"], row["topic"], row["target"], row["body"]
        )
    await deliver_all(system.entries)
    assert uid("ada") not in await rows(system)


@pytest.mark.parametrize("service", ["entries", "codes", "campaigns"])
async def test_a_service_that_is_down_is_asked_until_it_answers(system: System, service: str) -> None:
    token = issuer.token("ada")
    await system.register("ada")
    asked = await ask(system, token)
    system.wires[service].down = True
    for _ in range(3):
        await system.users.resources.database.pool.execute(
            "UPDATE privacy_request SET next_attempt_at = now()"
        )
        assert await system.users.resources.privacy_jobs.erase_next() == 1
    waiting = await poll(system, token, asked["request"]["id"])
    assert waiting["state"] == "RUNNING"
    missing = {receipt["service"] for receipt in waiting["receipts"] if receipt["state"] == "QUEUED"}
    assert service in missing
    assert "users" not in missing
    system.wires[service].down = False
    calls = {name: len(wire.calls) for name, wire in system.wires.items()}
    await run(system)
    done = await poll(system, token, asked["request"]["id"])
    assert done["state"] == "SUCCEEDED"
    before = {r["service"]: r for r in waiting["receipts"] if r["state"] == "SUCCEEDED"}
    assert before.items() <= {r["service"]: r for r in done["receipts"]}.items(), "what was answered stands"
    for name in before.keys() - {"users"}:
        assert len(system.wires[name].calls) == calls[name], "and is not asked for again"


class Killed(BaseException):
    """kill -9, as far as one process can do that to itself: nothing after it runs."""


async def test_killed_at_every_single_statement_it_comes_to_the_same_end(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = issuer.token("ada")
    await system.register("ada")
    await system.register("bob")
    await system.win("ada")
    asked = await ask(system, token)
    run_query = Database._run
    left = [0]

    async def run_or_die(self: Database, *arguments: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        return await run_query(self, *arguments)

    monkeypatch.setattr(Database, "_run", run_or_die)
    kills = 0
    pool = system.users.resources.database.pool
    for fatal in range(1, 200):
        left[0] = fatal % 23 + 1  # each life ends a little later than the last, over and over
        try:
            await pool.execute("UPDATE privacy_request SET next_attempt_at = now()")
            if not await system.users.resources.privacy_jobs.erase_next():
                break
        except Killed:
            kills += 1
        if kills > 60:
            break
    left[0] = 0
    monkeypatch.undo()
    await run(system)
    assert kills >= 5
    done = await poll(system, token, asked["request"]["id"])
    assert done["state"] == "SUCCEEDED"
    counts = {receipt["service"]: receipt["recordCount"] for receipt in done["receipts"]}
    assert counts["codes"] == 1, "nothing was done twice, or its second time would have found nothing"
    assert counts["users"] >= 2
    assert counts["entries"] >= 1
    assert uid("ada") not in await rows(system)


async def test_two_requests_at_once_are_one(system: System) -> None:
    token = issuer.token("ada")
    await system.register("ada")
    answers = await asyncio.gather(*(ask(system, token) for _ in range(8)))
    assert len({answer["request"]["id"] for answer in answers}) == 1
    assert sorted(answer["replayed"] for answer in answers) == [False, *[True] * 7]
