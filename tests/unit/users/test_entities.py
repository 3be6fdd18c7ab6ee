"""The batch-first seam: 50 representations are one backend request and one SQL statement."""

from typing import Any

from services.kit.ids import new_id
from services.users.backend import wire
from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.users.world import World, sighting, uid


async def ask(
    users: ServiceUnderTest, fragment: str, kind: str, ids: list[str], token: str | None
) -> tuple[list[Any], int, int]:
    """What `_entities` answers, and how many backend requests and statements it took."""
    requests, statements = len(users.requests), users.resources.database.statements
    found = await users.entities(fragment, [{"__typename": kind, "id": each} for each in ids], token=token)
    return found, len(users.requests) - requests, users.resources.database.statements - statements


async def test_fifty_users(users: ServiceUnderTest, world: World) -> None:
    names = [f"fan-{n}" for n in range(50)]
    await users.resources.store.sight([sighting(name, world.campaign) for name in names])
    found, requests, statements = await ask(
        users,
        "... on User { id email displayName privacy { doNotSell } }",
        "User",
        [uid(name) for name in names],
        issuer.token("pii-viewer"),
    )
    assert [user["email"] for user in found] == [f"{name}@example.com" for name in names]
    assert (requests, statements) == (1, 1)


async def test_fifty_teams(users: ServiceUnderTest, world: World) -> None:
    teams = [wire.Team(new_id("tea"), f"Team {n}") for n in range(50)]
    for team in teams:
        await users.resources.teams.found(team, uid("owner"), {uid("owner"): "OWNER"})
    ids = [team.id for team in teams]
    found, requests, statements = await ask(
        users, "... on Team { id name }", "Team", ids, issuer.token("owner")
    )
    assert [team["name"] for team in found] == [team.name for team in teams]
    assert (requests, statements) == (1, 1)
    found, requests, statements = await ask(
        users,
        "... on Team { name roles { role user { id } } members { id } }",
        "Team",
        ids,
        issuer.token("owner"),
    )
    assert all(team["roles"] == [{"role": "OWNER", "user": {"id": uid("owner")}}] for team in found)
    assert (requests, statements) == (3, 3)


async def test_fifty_campaigns(users: ServiceUnderTest, world: World) -> None:
    ids = [new_id("cmp") for _ in range(50)]
    snapshots = [{"id": each, "team_id": world.team, "version": 1} for each in ids]
    await users.rest("PUT", "/snapshots/campaigns", {"campaigns": snapshots})
    found, requests, statements = await ask(
        users,
        "... on Campaign { id viewerPermissions team { id name } }",
        "Campaign",
        ids,
        issuer.token("editor"),
    )
    assert [campaign["id"] for campaign in found] == ids
    assert all(campaign["team"] == {"id": world.team, "name": "Demo"} for campaign in found)
    assert found[0]["viewerPermissions"] == [
        "CAMPAIGN_PUBLISH",
        "CAMPAIGN_READ",
        "CAMPAIGN_WRITE",
        "METRICS_READ",
    ]
    assert (requests, statements) == (1, 1)


async def test_a_fan_may_do_nothing_on_a_campaign_and_nobody_is_asked_for_nobody(
    users: ServiceUnderTest, world: World
) -> None:
    found, *_ = await ask(
        users,
        "... on Campaign { viewerPermissions }",
        "Campaign",
        [world.campaign, new_id("cmp")],
        issuer.token("fan"),
    )
    assert found == [{"viewerPermissions": []}, None]
    found, requests, _ = await ask(
        users, "... on Campaign { viewerPermissions }", "Campaign", [world.campaign], None
    )
    assert (found, requests) == ([None], 0)


async def test_a_campaigns_team_is_for_its_staff(users: ServiceUnderTest, world: World) -> None:
    for subject in ("fan", "outsider"):
        answer = await users.graphql(
            "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Campaign { team { name } } } }",
            {"r": [{"__typename": "Campaign", "id": world.campaign}]},
            token=issuer.token(subject),
        )
        assert answer["data"]["_entities"] == [{"team": None}]
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]


async def test_what_is_no_reference_is_null(users: ServiceUnderTest, world: World) -> None:
    for kind in ("User", "Team", "Campaign"):
        ids = ["", "x", "\0", "usr_" + "0" * 26, "tea_" + "0" * 26, "cmp_" + "0" * 26, "☃" * 500]
        found, *_ = await ask(users, f"... on {kind} {{ id }}", kind, ids, issuer.token("owner"))
        assert found == [None] * len(ids)


async def test_herself_is_there_before_anything_was_kept(users: ServiceUnderTest) -> None:
    [user] = await users.entities(
        "... on User { email }", [{"__typename": "User", "id": uid("new")}], token=issuer.token("new")
    )
    assert user == {"email": "new@example.com"}
