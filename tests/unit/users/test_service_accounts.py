"""A program can hold roles like a person, and is never a fan. Each field that it may not touch: the truth table."""

from typing import Any

from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.users.test_phone import PHONE, START
from tests.unit.users.world import World, uid

GRANT = """mutation ($input: GrantRoleInput!) { grantRole(input: $input) { __typename } }"""
TEAM = "query ($id: ID!) { team(id: $id) { name } }"


def robot(**claims: Any) -> str:
    """Its token claims more than it should."""
    return issuer.token("robot", client_id="robot", name="Nightly export", **claims)


async def test_it_has_nothing_of_a_person(users: ServiceUnderTest) -> None:
    answer = await users.graphql(
        "{ viewer { globalUserId displayName email phone memberId country locale } }",
        token=robot(locale="fr-CA"),
    )
    assert answer["data"]["viewer"] == {
        "globalUserId": "robot",
        "displayName": "Nightly export",
        "email": None,
        "phone": None,
        "memberId": None,
        "country": None,
        "locale": None,
    }


async def test_it_is_bound_to_a_role_like_a_person_and_released_at_once(
    users: ServiceUnderTest, world: World
) -> None:
    assert (await users.graphql(TEAM, {"id": world.team}, token=robot()))["data"]["team"] is None
    await users.graphql("{ viewer { id } }", token=robot())
    grant = {"userId": uid("robot"), "role": "ANALYST", "teamId": world.team}
    answer = await users.graphql(GRANT, {"input": grant}, token=issuer.token("owner"))
    assert answer["data"]["grantRole"]["__typename"] == "RoleGranted"
    assert (await users.graphql(TEAM, {"id": world.team}, token=robot()))["data"]["team"] == {"name": "Demo"}
    assert await allowed(users, world, "EXPORT_RUN")
    assert not await allowed(users, world, "PII_READ")
    remove = "mutation ($input: RemoveTeamMemberInput!) { removeTeamMember(input: $input) { __typename } }"
    member = {"teamId": world.team, "userId": uid("robot")}
    await users.graphql(remove, {"input": member}, token=issuer.token("owner"))
    assert not await allowed(users, world, "EXPORT_RUN")


async def allowed(users: ServiceUnderTest, world: World, permission: str) -> bool:
    check = {"user_id": uid("robot"), "permission": permission, "team_id": world.team}
    return (await users.rest("POST", "/access/check", {"checks": [check]})).json()["allowed"][0]


async def test_what_fans_do_is_refused(users: ServiceUnderTest) -> None:
    answer = await users.graphql(START, {"input": {"phone": PHONE}}, token=robot())
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
