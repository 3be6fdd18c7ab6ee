"""Who may see which field of a user: one table, asked of `user` and of `_entities`."""

from typing import Any

import pytest

from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.users.test_teams import run
from tests.unit.users.world import STAFF, World, sighting, uid

ALL = "id globalUserId memberId email phone displayName locale country createdAt privacy { doNotSell }"
CONTACT = {"memberId", "email", "phone"}

# viewer, whom she looks at, which fields she is refused; None: the user is not there for her
TABLE: list[tuple[str | None, str, set[str] | None]] = [
    ("fan", "fan", set()),
    ("owner", "fan", set()),
    ("admin", "fan", set()),
    ("pii-viewer", "fan", set()),
    ("analyst", "fan", {*CONTACT, "displayName"}),
    ("viewer", "fan", {*CONTACT, "displayName"}),
    ("editor", "fan", None),
    ("outsider", "fan", None),
    ("stranger", "fan", None),
    (None, "fan", None),
    ("owner", "stranger", None),
    ("pii-viewer", "stranger", None),
    ("owner", "viewer", CONTACT),
    ("pii-viewer", "viewer", CONTACT),
    ("viewer", "owner", {*CONTACT, "displayName"}),
    ("editor", "owner", {*CONTACT, "displayName"}),
    ("outsider", "owner", None),
    ("fan", "owner", None),
]


async def test_who_sees_what_of_whom(users: ServiceUnderTest, world: World) -> None:
    for viewer, looked_at, refused in TABLE:
        token = issuer.token(viewer) if viewer else None
        answer = await users.graphql(
            f"query ($id: ID!) {{ user(id: $id) {{ {ALL} }} }}", {"id": uid(looked_at)}, token=token
        )
        if viewer is None:
            assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        _check(
            answer.get("data", {}).get("user"), answer.get("errors", []), refused, f"{viewer} on {looked_at}"
        )

        representation = {"__typename": "User", "id": uid(looked_at)}
        answer = await users.graphql(
            f"query ($r: [_Any!]!) {{ _entities(representations: $r) {{ ... on User {{ {ALL} }} }} }}",
            {"r": [representation]},
            token=token,
        )
        _check(
            answer["data"]["_entities"][0],
            answer.get("errors", []),
            refused,
            f"{viewer} on entity {looked_at}",
        )


def _check(user: dict[str, Any] | None, errors: list[Any], refused: set[str] | None, case: str) -> None:
    if refused is None:
        assert user is None, case
        return
    assert user is not None, case
    assert {error["path"][-1] for error in errors} == refused, case
    assert {error["extensions"]["code"] for error in errors} <= {"FORBIDDEN"}, case
    assert all(user[name] is None for name in refused), case
    assert user["globalUserId"], case


@pytest.mark.parametrize(
    "statement", ["DELETE FROM role_binding", "UPDATE role_binding SET expires_at = now()"]
)
async def test_a_role_that_is_gone_shows_nothing_on_the_very_next_request(
    users: ServiceUnderTest, world: World, statement: str
) -> None:
    query = "query ($id: ID!) { user(id: $id) { email } }"
    token = issuer.token("pii-viewer")
    answer = await users.graphql(query, {"id": uid("fan")}, token=token)
    assert answer["data"]["user"] == {"email": "fan@example.com"}
    await users.resources.database.pool.execute(f"{statement} WHERE user_id = $1", uid("pii-viewer"))
    answer = await users.graphql(query, {"id": uid("fan")}, token=token)
    assert answer["data"]["user"] is None


async def test_a_role_on_one_campaign_shows_only_its_entrants(users: ServiceUnderTest, world: World) -> None:
    second = "cmp_" + "0" * 26
    await users.resources.store.sight([sighting("late", second)])
    await users.rest(
        "PUT", "/snapshots/campaigns", {"campaigns": [{"id": second, "team_id": world.team, "version": 1}]}
    )
    answer = await users.rest(
        "POST",
        "/roles",
        {"user_id": uid("stranger"), "role": "PII_VIEWER", "campaign_id": second},
        headers={"x-actor": uid("owner")},
    )
    assert answer.status_code == 201, answer.text
    token = issuer.token("stranger")
    seen = await users.entities(
        "... on User { id email }",
        [{"__typename": "User", "id": uid(name)} for name in ("late", "fan")],
        token=token,
    )
    assert seen == [{"id": uid("late"), "email": "late@example.com"}, None]


async def test_a_fan_sees_no_team_and_nobody_of_it(users: ServiceUnderTest, world: World) -> None:
    for subject in ("fan", "outsider"):
        answer = await users.graphql(
            "query ($t: ID!) { team(id: $t) { name members { id } } viewer { teams { id } } }",
            {"t": world.team},
            token=issuer.token(subject),
        )
        assert answer["data"]["team"] is None


async def test_members_see_each_other(users: ServiceUnderTest, world: World) -> None:
    answer = await users.graphql(
        """query ($t: ID!) { team(id: $t) { name
            members { globalUserId teams { id } roles { role } }
            roles { role user { globalUserId } grantedBy { globalUserId } team { name } campaign { id } } } }""",
        {"t": world.team},
        token=issuer.token("viewer"),
    )
    assert "errors" not in answer, answer
    team = answer["data"]["team"]
    assert team["name"] == "Demo"
    assert {m["globalUserId"] for m in team["members"]} == set(STAFF)
    assert all(member["teams"] == [{"id": world.team}] for member in team["members"])
    roles = {role["user"]["globalUserId"]: role for role in team["roles"]}
    assert roles["owner"] == {
        "role": "OWNER",
        "user": {"globalUserId": "owner"},
        "grantedBy": {"globalUserId": "owner"},
        "team": {"name": "Demo"},
        "campaign": None,
    }


async def test_a_granter_who_left_is_still_named(users: ServiceUnderTest, world: World) -> None:
    grant = {"user_id": uid("stranger"), "role": "VIEWER", "team_id": world.team}
    await users.rest("POST", "/roles", grant, headers={"x-actor": uid("admin")})
    gone = await users.rest(
        "DELETE", f"/teams/{world.team}/members/{uid('admin')}", headers={"x-actor": uid("owner")}
    )
    assert gone.status_code == 200, gone.text
    answer = await users.graphql(
        "{ viewer { roles { grantedBy { globalUserId } } } }", token=issuer.token("stranger")
    )
    assert answer["data"]["viewer"]["roles"] == [{"grantedBy": {"globalUserId": "admin"}}]


async def test_adding_a_stranger_shows_nothing_of_her_until_she_joins(
    users: ServiceUnderTest, world: World
) -> None:
    looks = [
        (viewer, f"query ($id: ID!) {{ user(id: $id) {{ {ALL} }} }}")
        for viewer in ("owner", "pii-viewer", "viewer")
    ]
    added = await run(users, "owner", "addTeamMember", userId=uid("stranger"), teamId=world.team)
    assert added["__typename"] == "TeamMemberAdded"
    assert (
        await run(users, "owner", "grantRole", userId=uid("stranger"), role="ANALYST", teamId=world.team)
    )["__typename"] == "RoleGranted"
    for viewer, query in looks:
        answer = await users.graphql(query, {"id": uid("stranger")}, token=issuer.token(viewer))
        _check(answer["data"]["user"], answer["errors"], {*CONTACT, "displayName"}, viewer)
        assert [answer["data"]["user"][name] for name in ("country", "locale")] == [None, None], viewer
    for _ in range(2):
        joined = await run(users, "stranger", "joinTeam", teamId=world.team)
        assert joined["__typename"] == "TeamJoined"
    for viewer, query in looks:
        answer = await users.graphql(query, {"id": uid("stranger")}, token=issuer.token(viewer))
        refused = {*CONTACT, "displayName"} if viewer == "viewer" else CONTACT
        _check(answer["data"]["user"], answer["errors"], refused, viewer)
        assert answer["data"]["user"]["country"] == "US"


async def test_who_was_removed_joins_anew(users: ServiceUnderTest, world: World) -> None:
    member = {"userId": uid("stranger"), "teamId": world.team}
    for _ in range(2):
        await run(users, "owner", "addTeamMember", **member)
        assert (
            await users.resources.database.pool.fetchval(
                "SELECT joined_at FROM role_binding WHERE user_id = $1", uid("stranger")
            )
            is None
        )
        assert (await run(users, "stranger", "joinTeam", teamId=world.team))["__typename"] == "TeamJoined"
        await run(users, "owner", "removeTeamMember", **member)
    assert (await run(users, "stranger", "joinTeam", teamId=world.team))["__typename"] == "NotFound"
    assert (await run(users, "outsider", "joinTeam", teamId="tea_" + "0" * 26))["__typename"] == "NotFound"
