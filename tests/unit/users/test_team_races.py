"""Changes of a team's roles at the same moment come one after another. Without lock or constraint each goes wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from scripts.devtools.databases import ServiceDatabase
from services.kit.pg import Query
from services.users.backend import teams_store, wire
from services.users.backend.teams_store import TeamsStore
from tests.support.service import ServiceUnderTest, open_service
from tests.unit.users.test_teams import binding_of, run
from tests.unit.users.world import World, found_team, meet_after, uid

BOTH = pytest.mark.parametrize("locked", [True, False], ids=["as built", "negative control"])


def unlock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the lock on the team away."""

    async def no_lock(self: Any, connection: Any, team_id: str) -> Any:
        return wire.Team(team_id, "")

    monkeypatch.setattr(TeamsStore, "_lock", no_lock)


def meet_before_the_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two changes look both whether an owner is left after both have changed something, and before either commits."""
    both_changed, both_looked = asyncio.Barrier(2), asyncio.Barrier(2)
    keep = TeamsStore._keep_an_owner

    async def keep_together(self: Any, connection: Any, team_id: str) -> None:
        await both_changed.wait()
        await keep(self, connection, team_id)
        await both_looked.wait()

    monkeypatch.setattr(TeamsStore, "_keep_an_owner", keep_together)


async def owners(users: ServiceUnderTest, world: World) -> int:
    return await users.resources.database.pool.fetchval(
        "SELECT count(*) FROM role_binding WHERE team_id = $1 AND role = 'OWNER'", world.team
    )


@BOTH
async def test_two_owners_who_revoke_each_other_leave_one(
    users: ServiceUnderTest, world: World, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    second = await run(users, "owner", "grantRole", userId=uid("admin"), role="OWNER", teamId=world.team)
    first = await binding_of(users, "owner")
    if not locked:
        unlock(monkeypatch)
        meet_before_the_rule(monkeypatch)
    answers = await asyncio.gather(
        run(users, "owner", "revokeRole", id=second["binding"]["id"]),
        run(users, "admin", "revokeRole", id=first),
    )
    assert await owners(users, world) == (1 if locked else 0)
    assert sum(answer["__typename"] == "RoleRevoked" for answer in answers) == (1 if locked else 2)


@BOTH
async def test_two_owners_who_leave_at_once_leave_one(
    users: ServiceUnderTest, world: World, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    await run(users, "owner", "grantRole", userId=uid("stranger"), role="OWNER", teamId=world.team)
    if not locked:
        unlock(monkeypatch)
        meet_before_the_rule(monkeypatch)
    answers = await asyncio.gather(
        *(
            run(users, each, "removeTeamMember", teamId=world.team, userId=uid(each))
            for each in ("owner", "stranger")
        )
    )
    assert await owners(users, world) == (1 if locked else 0)
    outcomes = sorted(answer["__typename"] for answer in answers)
    assert outcomes == (["LastOwner", "TeamMemberRemoved"] if locked else ["TeamMemberRemoved"] * 2)


@BOTH
async def test_nothing_is_granted_by_who_has_been_revoked(
    users: ServiceUnderTest, world: World, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    """While an admin grants, past the look at her own roles, the owner revokes her: that waits, or it was in vain."""
    admins = await binding_of(users, "admin")
    insert = TeamsStore._insert
    revoking: list[asyncio.Task[dict[str, Any]]] = []
    done_before: list[bool] = []

    async def insert_after_the_revocation(self: Any, connection: Any, *rest: Any) -> Any:
        revoking.append(asyncio.create_task(run(users, "owner", "revokeRole", id=admins)))
        while not revoking[0].done() and not await _somebody_waits(users):
            await asyncio.sleep(0)
        done_before.append(revoking[0].done())
        return await insert(self, connection, *rest)

    monkeypatch.setattr(TeamsStore, "_insert", insert_after_the_revocation)
    if not locked:
        unlock(monkeypatch)
    await run(users, "admin", "grantRole", userId=uid("stranger"), role="VIEWER", teamId=world.team)
    assert (await revoking[0])["__typename"] == "RoleRevoked"
    assert await binding_of(users, "stranger"), "granted in both cases"
    assert done_before == [not locked], "but only without the lock by somebody who could not any more"
    again = await run(users, "admin", "grantRole", userId=uid("fan"), role="VIEWER", teamId=world.team)
    assert again["__typename"] == "FORBIDDEN"


async def _somebody_waits(users: ServiceUnderTest) -> bool:
    return await users.resources.database.pool.fetchval(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
    )


async def test_parallel_grants_make_one_binding(users: ServiceUnderTest, world: World) -> None:
    given = {"userId": uid("stranger"), "role": "VIEWER", "teamId": world.team}
    answers = await asyncio.gather(*(run(users, "owner", "grantRole", **given) for _ in range(10)))
    assert len({answer["binding"]["id"] for answer in answers}) == 1


async def test_negative_control_grants_that_look_before_they_insert(
    database: Callable[[str], ServiceDatabase], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = database("users")
    owner = await asyncpg.connect(made.owner_dsn)
    await owner.execute(
        "ALTER TABLE role_binding DROP CONSTRAINT role_binding_user_id_role_team_id_campaign_id_key"
    )
    await owner.close()
    async with open_service("users", made.service_dsn) as users:
        world = await _found_without_the_constraint(users, monkeypatch, lambda: found_team(users))
        unlock(monkeypatch)
        meet_after(monkeypatch, "same_binding", parties=2)
        given = {"userId": uid("stranger"), "role": "VIEWER", "teamId": world.team}
        answers = await asyncio.gather(*(run(users, "owner", "grantRole", **given) for _ in range(2)))
        assert len({answer["binding"]["id"] for answer in answers}) == 2


async def _found_without_the_constraint(
    users: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch, found: Callable[[], Awaitable[World]]
) -> World:
    given = teams_store.q.grant_role
    head, _, tail = given.sql.partition("ON CONFLICT")
    sql = head + "RETURNING" + tail.rpartition("RETURNING")[2]
    monkeypatch.setitem(
        teams_store.q.all, "grant_role", Query(given.name, given.summary, sql, given.parameters)
    )
    return await found()
