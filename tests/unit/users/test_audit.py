"""The audit log: one hash chain a team, appended to and never changed."""

import asyncio
import hashlib
from typing import Any

import asyncpg
import msgspec
import pytest

from services.kit.audit import AuditEvent, audit_event
from services.kit.pg import Query
from services.users.backend import audit_rules, audit_store, wire
from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.users.test_teams import run
from tests.unit.users.world import World, meet_after, uid

LOG = """query ($team: ID, $campaign: ID, $first: Int, $after: String) {
    auditLog(teamId: $team, campaignId: $campaign, first: $first, after: $after) {
        nodes { sequence action actorId actor { globalUserId } target before after hash previousHash campaign { id } }
        pageInfo { hasNextPage endCursor }
    }
}"""


def event(world: World, action: str = "updateCampaign", **changes: Any) -> AuditEvent:
    given = {
        "team_id": world.team,
        "campaign_id": world.campaign,
        "actor": uid("editor"),
        "target": world.campaign,
    }
    return audit_event(**{**given, "action": action, **changes})


async def read(users: ServiceUnderTest, subject: str = "owner", **variables: Any) -> dict[str, Any]:
    answer = await users.graphql(LOG, variables, token=issuer.token(subject))
    assert "errors" not in answer, answer
    return answer["data"]["auditLog"]


async def chain(users: ServiceUnderTest, team: str) -> list[wire.AuditEntry]:
    return await users.resources.audit.page(team, None, None, 10_000)


def assert_chained(entries: list[Any]) -> None:
    """Recomputes every hash from what the log shows."""
    previous = audit_rules.ORIGIN
    for place, entry in enumerate(reversed(entries), 1):
        assert entry.sequence == place
        assert entry.previous_hash == previous.hex()
        stored = msgspec.convert({**msgspec.structs.asdict(entry)}, AuditEvent)
        linked = audit_rules.link(stored, place, previous)
        assert entry.hash == linked.hash.hex()
        previous = linked.hash


async def test_admin_mutations_leave_a_chain(users: ServiceUnderTest, world: World) -> None:
    granted = await run(users, "owner", "grantRole", userId=uid("stranger"), role="VIEWER", teamId=world.team)
    await run(users, "admin", "revokeRole", id=granted["binding"]["id"])
    await run(users, "owner", "removeTeamMember", userId=uid("viewer"), teamId=world.team)
    await run(users, "owner", "addTeamMember", userId=uid("viewer"), teamId=world.team)
    log = await read(users, team=world.team)
    assert [node["action"] for node in log["nodes"]] == [
        "addTeamMember",
        "removeTeamMember",
        "revokeRole",
        "grantRole",
        "createTeam",
    ]
    revoked = log["nodes"][2]
    assert revoked["actor"] == {"globalUserId": "admin"}
    assert revoked["target"] == granted["binding"]["id"]
    assert revoked["before"]
    assert revoked["after"] is None
    assert_chained(await chain(users, world.team))


async def test_what_was_refused_leaves_nothing(users: ServiceUnderTest, world: World) -> None:
    before = len(await chain(users, world.team))
    await run(users, "admin", "grantRole", userId=uid("stranger"), role="OWNER", teamId=world.team)
    await run(users, "owner", "removeTeamMember", userId=uid("owner"), teamId=world.team)
    assert len(await chain(users, world.team)) == before


async def test_events_of_other_services_are_taken_once(users: ServiceUnderTest, world: World) -> None:
    events = [event(world, f"action{n}") for n in range(3)]
    for _ in range(2):
        answer = await users.rest("POST", "/audit/events", {"events": [*events, events[0]]})
        assert answer.status_code == 200, answer.text
    log = await read(users, campaign=world.campaign)
    assert [node["action"] for node in log["nodes"]] == ["action2", "action1", "action0"]
    assert log["nodes"][0]["campaign"] == {"id": world.campaign}
    assert_chained(await chain(users, world.team))


async def test_pages_follow_each_other(users: ServiceUnderTest, world: World) -> None:
    await users.rest("POST", "/audit/events", {"events": [event(world, f"action{n}") for n in range(5)]})
    seen: list[str] = []
    page = {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        log = await read(users, team=world.team, first=2, after=page["endCursor"])
        seen += [node["action"] for node in log["nodes"]]
        page = log["pageInfo"]
    assert seen == ["action4", "action3", "action2", "action1", "action0", "createTeam"]


@pytest.mark.parametrize("locked", [True, False], ids=["as built", "negative control"])
async def test_parallel_writers_make_one_chain(
    users: ServiceUnderTest, world: World, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    if not locked:
        lock = audit_store.q.lock_chains
        look = Query(lock.name, lock.summary, lock.sql.removesuffix("FOR UPDATE"), lock.parameters)
        monkeypatch.setitem(audit_store.q.all, "lock_chains", look)
        meet_after(monkeypatch, "lock_chains", parties=2)
    batches = [{"events": [event(world, f"a{n}"), event(world, f"b{n}")]} for n in range(20)]
    answers = await asyncio.gather(*(users.rest("POST", "/audit/events", batch) for batch in batches))
    if locked:
        assert {answer.status_code for answer in answers} == {200}
        entries = await chain(users, world.team)
        assert len(entries) == 41
        assert_chained(entries)
    else:
        assert 500 in {answer.status_code for answer in answers}


async def test_the_log_is_for_holders_of_audit_read(users: ServiceUnderTest, world: World) -> None:
    for subject, variables, code in [
        ("admin", {"team": world.team}, None),
        ("analyst", {"team": world.team}, "FORBIDDEN"),
        ("outsider", {"team": world.team}, "FORBIDDEN"),
        ("outsider", {"team": world.other_team, "campaign": world.campaign}, "FORBIDDEN"),
        ("fan", {"campaign": world.campaign}, "FORBIDDEN"),
        ("owner", {}, "BAD_REQUEST"),
        ("owner", {"team": world.team, "after": "!"}, "BAD_REQUEST"),
        ("owner", {"team": world.team, "after": "eHg"}, "BAD_REQUEST"),
        ("owner", {"team": world.team, "first": 0}, "BAD_REQUEST"),
    ]:
        answer = await users.graphql(LOG, variables, token=issuer.token(subject))
        codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
        assert codes == ([code] if code else []), (subject, variables)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET action = 'x'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "DELETE FROM audit_chain",
        "TRUNCATE audit_chain",
        "ALTER TABLE audit_chain DISABLE TRIGGER ALL",
    ],
)
async def test_the_service_cannot_change_what_is_written(
    users: ServiceUnderTest, world: World, statement: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await users.resources.database.pool.execute(statement)


@pytest.mark.parametrize("change", ["sequence = sequence - 1", "hash = 'x'", "team_id = 'tea_other'"])
async def test_the_end_of_a_chain_only_moves_forward(
    users: ServiceUnderTest, world: World, change: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await users.resources.database.pool.execute(f"UPDATE audit_chain SET {change}")


def test_a_hash_covers_the_event_and_the_hash_before() -> None:
    one = event(World("tea_1", "tea_2", "cmp_1", "cmp_2"))
    linked = audit_rules.link(one, 1, audit_rules.ORIGIN)
    assert linked.hash != audit_rules.link(one, 2, audit_rules.ORIGIN).hash
    assert linked.hash != audit_rules.link(one, 1, hashlib.sha256(b"").digest()).hash
    assert (
        linked.hash != audit_rules.link(msgspec.structs.replace(one, action="x"), 1, audit_rules.ORIGIN).hash
    )
