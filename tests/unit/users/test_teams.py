"""createTeam, addTeamMember, removeTeamMember, grantRole, revokeRole: who may make whom what."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.users.world import World, uid

ISSUES = "... on ValidationFailed { issues { path code } }"
BINDING = "binding { id role expiresAt user { id } team { id } campaign { id } }"
SELECTIONS = {
    "createTeam": f"... on TeamCreated {{ replayed team {{ id name members {{ id }} }} }} {ISSUES}",
    "addTeamMember": f"... on TeamMemberAdded {{ team {{ id }} {BINDING} }} {ISSUES}",
    "joinTeam": "... on TeamJoined { team { id } }",
    "removeTeamMember": "... on TeamMemberRemoved { userId team { members { id } } }",
    "grantRole": f"... on RoleGranted {{ replayed {BINDING} }} {ISSUES}",
    "revokeRole": "... on RoleRevoked { id }",
}


async def run(users: ServiceUnderTest, subject: str, mutation: str, **given: Any) -> dict[str, Any]:
    """The mutation's result; a top-level error as `{"__typename": its code}`."""
    kind = mutation[0].upper() + mutation[1:]
    selection = f"__typename {SELECTIONS[mutation]} ... on Error {{ code message path }}"
    answer = await users.graphql(
        f"mutation ($input: {kind}Input!) {{ {mutation}(input: $input) {{ {selection} }} }}",
        {"input": given},
        token=issuer.token(subject),
    )
    if "errors" in answer:
        return {"__typename": answer["errors"][0]["extensions"]["code"]}
    return answer["data"][mutation]


async def binding_of(users: ServiceUnderTest, subject: str) -> str:
    return await users.resources.database.pool.fetchval(
        "SELECT id FROM role_binding WHERE user_id = $1", uid(subject)
    )


async def test_who_manages_a_team_opens_another(users: ServiceUnderTest, world: World) -> None:
    made = await run(users, "admin", "createTeam", name="  Second  ", idempotencyKey="k")
    assert made["team"]["name"] == "Second"
    assert made["team"]["members"] == [{"id": uid("admin")}]
    again = await run(users, "admin", "createTeam", name="  Second  ", idempotencyKey="k")
    assert (again["replayed"], again["team"]) == (True, made["team"])
    other = await run(users, "admin", "createTeam", name="Third", idempotencyKey="k")
    assert other["__typename"] == "IdempotencyMismatch"
    for subject in ("fan", "viewer", "editor"):
        assert (await run(users, subject, "createTeam", name="Mine"))["__typename"] == "FORBIDDEN"


# who grants, which role, and what comes of it
GRANTS = [
    ("owner", "OWNER", "RoleGranted"),
    ("admin", "ADMIN", "RoleGranted"),
    ("admin", "VIEWER", "RoleGranted"),
    ("admin", "OWNER", "Forbidden"),
    ("editor", "VIEWER", "FORBIDDEN"),
    ("viewer", "VIEWER", "FORBIDDEN"),
    ("outsider", "VIEWER", "FORBIDDEN"),
    ("fan", "OWNER", "FORBIDDEN"),
]


async def test_no_grant_above_the_grantors(users: ServiceUnderTest, world: World) -> None:
    for subject, role, outcome in GRANTS:
        answer = await run(users, subject, "grantRole", userId=uid("stranger"), role=role, teamId=world.team)
        assert answer["__typename"] == outcome, (subject, role)


async def test_no_grant_outlasts_the_grantors(users: ServiceUnderTest, world: World) -> None:
    on_team = {"role": "ADMIN", "teamId": world.team}
    days = [(datetime.now(UTC) + timedelta(days=n)).isoformat() for n in range(4)]
    await run(users, "owner", "grantRole", **on_team, userId=uid("stranger"), expiresAt=days[2])
    for subject, end, outcome in [
        ("stranger", None, "Forbidden"),
        ("stranger", days[3], "Forbidden"),
        ("fan", None, "Forbidden"),
        ("fan", days[3], "Forbidden"),
        ("fan", days[1], "RoleGranted"),
        ("stranger", days[2], "RoleGranted"),
    ]:
        answer = await run(users, "stranger", "grantRole", **on_team, userId=uid(subject), expiresAt=end)
        assert answer["__typename"] == outcome, (subject, end)


async def test_a_grant_works_on_the_very_next_request_until_it_is_revoked(
    users: ServiceUnderTest, world: World
) -> None:
    given = {"userId": uid("stranger"), "role": "VIEWER", "teamId": world.team}
    query, variables = "query ($id: ID!) { team(id: $id) { id } }", {"id": world.team}
    token = issuer.token("stranger")
    assert (await users.graphql(query, variables, token=token))["data"]["team"] is None
    binding = (await run(users, "owner", "grantRole", **given))["binding"]
    assert (await users.graphql(query, variables, token=token))["data"]["team"] == {"id": world.team}
    assert (await run(users, "owner", "revokeRole", id=binding["id"])) == {
        "__typename": "RoleRevoked",
        "id": binding["id"],
    }
    assert (await users.graphql(query, variables, token=token))["data"]["team"] is None


async def test_the_same_grant_again_moves_its_expiry(users: ServiceUnderTest, world: World) -> None:
    given = {"userId": uid("stranger"), "role": "VIEWER", "teamId": world.team}
    first = await run(users, "owner", "grantRole", **given)
    end = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    second = await run(users, "owner", "grantRole", **given, expiresAt=end)
    assert second["binding"]["id"] == first["binding"]["id"]
    assert second["binding"]["expiresAt"]
    past = await run(users, "owner", "grantRole", **given, expiresAt="2020-01-01T00:00:00Z")
    assert past["issues"] == [{"path": ["expiresAt"], "code": "IN_THE_PAST"}]


async def test_a_key_grants_once(users: ServiceUnderTest, world: World) -> None:
    given = {"userId": uid("stranger"), "role": "VIEWER", "teamId": world.team, "idempotencyKey": "k"}
    first = await run(users, "owner", "grantRole", **given)
    second = await run(users, "owner", "grantRole", **given)
    assert (first["replayed"], second["replayed"]) == (False, True)
    assert second["binding"] == first["binding"]
    assert (await run(users, "owner", "grantRole", **{**given, "role": "ADMIN"}))[
        "__typename"
    ] == "IdempotencyMismatch"


async def test_a_campaign_is_only_its_own_teams(users: ServiceUnderTest, world: World) -> None:
    given = {"userId": uid("stranger"), "role": "VIEWER"}
    stolen = await run(
        users, "outsider", "grantRole", **given, teamId=world.other_team, campaignId=world.campaign
    )
    assert stolen["__typename"] == "FORBIDDEN"
    granted = await run(users, "owner", "grantRole", **given, campaignId=world.campaign)
    assert granted["binding"]["campaign"] == {"id": world.campaign}
    assert granted["binding"]["team"] == {"id": world.team}
    nothing = await run(users, "owner", "grantRole", **given)
    assert nothing["__typename"] == "BAD_REQUEST"


async def test_who_manages_one_campaign_grants_there_only(users: ServiceUnderTest, world: World) -> None:
    await run(users, "owner", "grantRole", userId=uid("stranger"), role="ADMIN", campaignId=world.campaign)
    given = {"userId": uid("fan"), "role": "VIEWER"}
    assert (await run(users, "stranger", "grantRole", **given, campaignId=world.campaign))[
        "__typename"
    ] == "RoleGranted"
    assert (await run(users, "stranger", "grantRole", **given, teamId=world.team))[
        "__typename"
    ] == "FORBIDDEN"


async def test_somebody_who_never_signed_in_is_not_found(users: ServiceUnderTest, world: World) -> None:
    answer = await run(users, "owner", "addTeamMember", userId=uid("nobody"), teamId=world.team)
    assert (answer["__typename"], answer["path"]) == ("NotFound", ["userId"])


async def test_members_come_and_go(users: ServiceUnderTest, world: World) -> None:
    added = await run(users, "admin", "addTeamMember", userId=uid("stranger"), teamId=world.team)
    assert added["binding"]["role"] == "VIEWER"
    removed = await run(users, "admin", "removeTeamMember", userId=uid("stranger"), teamId=world.team)
    assert {"id": uid("stranger")} not in removed["team"]["members"]
    again = await run(users, "admin", "removeTeamMember", userId=uid("stranger"), teamId=world.team)
    assert again["__typename"] == "NotFound"


async def test_everybody_may_leave_but_nobody_removes_those_above(
    users: ServiceUnderTest, world: World
) -> None:
    left = await run(users, "viewer", "removeTeamMember", userId=uid("viewer"), teamId=world.team)
    assert (left["__typename"], left["team"]) == ("TeamMemberRemoved", None)
    mine = await binding_of(users, "editor")
    assert (await run(users, "editor", "revokeRole", id=mine))["__typename"] == "RoleRevoked"
    above = await run(users, "admin", "removeTeamMember", userId=uid("owner"), teamId=world.team)
    assert above["__typename"] == "Forbidden"
    owners = await binding_of(users, "owner")
    assert (await run(users, "admin", "revokeRole", id=owners))["__typename"] == "Forbidden"
    assert (await run(users, "outsider", "revokeRole", id=owners))["__typename"] == "NotFound"
    assert (await run(users, "analyst", "revokeRole", id=owners))["__typename"] == "Forbidden"


async def test_the_last_owner_stays(users: ServiceUnderTest, world: World) -> None:
    mine = await binding_of(users, "owner")
    assert (await run(users, "owner", "revokeRole", id=mine))["__typename"] == "LastOwner"
    left = await run(users, "owner", "removeTeamMember", userId=uid("owner"), teamId=world.team)
    assert left["__typename"] == "LastOwner"
    end = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    expiring = await run(
        users, "owner", "grantRole", userId=uid("owner"), role="OWNER", teamId=world.team, expiresAt=end
    )
    assert expiring["__typename"] == "LastOwner"
    await run(
        users, "owner", "grantRole", userId=uid("admin"), role="OWNER", teamId=world.team, expiresAt=end
    )
    assert (await run(users, "owner", "revokeRole", id=mine))["__typename"] == "LastOwner"
    await run(users, "owner", "grantRole", userId=uid("viewer"), role="OWNER", teamId=world.team)
    assert (await run(users, "owner", "revokeRole", id=mine))["__typename"] == "RoleRevoked"
