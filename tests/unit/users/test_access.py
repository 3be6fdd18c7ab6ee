"""Permissions: what the bindings of this moment allow, and which one decides."""

import itertools
from collections.abc import Mapping

import pytest

from services.kit.permissions import Permission
from services.users.backend import rules
from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.users.world import STAFF, World, uid


async def check(users: ServiceUnderTest, *questions: Mapping[str, str | None]) -> list[bool]:
    answer = await users.rest("POST", "/access/check", {"checks": list(questions)})
    assert answer.status_code == 200, answer.text
    return answer.json()["allowed"]


async def test_every_role_allows_what_the_map_says_and_nothing_elsewhere(
    users: ServiceUnderTest, world: World
) -> None:
    cases = list(itertools.product(STAFF, Permission))
    own = [{"user_id": uid(name), "permission": p, "team_id": world.team} for name, p in cases]
    elsewhere = [{"user_id": uid(name), "permission": p, "team_id": world.other_team} for name, p in cases]
    campaign = [{"user_id": uid(name), "permission": p, "campaign_id": world.campaign} for name, p in cases]
    before = users.resources.database.statements
    answers = await check(users, *own, *elsewhere, *campaign)
    assert users.resources.database.statements - before == 1
    expected = [permission in rules.ROLES[STAFF[name]] for name, permission in cases]
    assert answers == [*expected, *[False] * len(cases), *expected]


async def test_reach_is_what_the_single_answers_say(
    users: ServiceUnderTest, world: World, subtests: pytest.Subtests
) -> None:
    places = [{"team_id": team} for team in (world.team, world.other_team)] + [
        {"campaign_id": campaign} for campaign in (world.campaign, world.other_campaign)
    ]
    for name, permission in itertools.product((*STAFF, "outsider", "nobody"), Permission):
        with subtests.test(name=name, permission=permission):
            who = {"user_id": uid(name), "permission": permission}
            reach = (await users.rest("POST", "/access/reach", who)).json()
            teams, campaigns = set(reach["team_ids"]), set(reach["campaign_ids"])
            owners = {world.campaign: world.team, world.other_campaign: world.other_team}
            told = [
                place.get("team_id") in teams
                or place.get("campaign_id") in campaigns
                or owners.get(place.get("campaign_id", "")) in teams
                for place in places
            ]
            assert told == await check(users, *({**who, **place} for place in places))


async def test_reach_follows_expiry_and_tells_no_campaign_twice(
    users: ServiceUnderTest, world: World
) -> None:
    who = {"user_id": uid("outsider"), "permission": "CAMPAIGN_READ"}
    add = """INSERT INTO role_binding (id, user_id, role, team_id, campaign_id, granted_by)
        VALUES ($1, $2, 'VIEWER', $3, $4, $2)"""
    pool = users.resources.database.pool
    await pool.execute(add, "rol_own", uid("outsider"), world.other_team, world.other_campaign)
    await pool.execute(add, "rol_one", uid("outsider"), world.team, world.campaign)
    reach = (await users.rest("POST", "/access/reach", who)).json()
    assert reach == {"team_ids": [world.other_team], "campaign_ids": [world.campaign]}
    await pool.execute("UPDATE role_binding SET expires_at = now() WHERE id = 'rol_one'")
    reach = (await users.rest("POST", "/access/reach", who)).json()
    assert reach == {"team_ids": [world.other_team], "campaign_ids": []}


async def test_a_campaign_asked_for_under_another_team_is_no(users: ServiceUnderTest, world: World) -> None:
    outsider = {"user_id": uid("outsider"), "permission": "CAMPAIGN_READ"}
    assert await check(
        users,
        {**outsider, "team_id": world.other_team, "campaign_id": world.campaign},
        {**outsider, "team_id": world.other_team, "campaign_id": world.other_campaign},
        {**outsider, "team_id": world.other_team, "campaign_id": "cmp_not_heard_of_yet"},
        {**outsider, "campaign_id": "cmp_not_heard_of_yet"},
        {**outsider},
    ) == [False, True, True, False, False]


async def test_expiry_is_by_the_clock_of_the_database(users: ServiceUnderTest, world: World) -> None:
    question = {"user_id": uid("analyst"), "permission": "EXPORT_RUN", "team_id": world.team}
    assert await check(users, question) == [True]
    expire = "UPDATE role_binding SET expires_at = now() WHERE user_id = $1"
    await users.resources.database.pool.execute(expire, uid("analyst"))
    assert await check(users, question) == [False]


async def test_a_permission_that_does_not_exist_is_allowed_to_nobody(
    users: ServiceUnderTest, world: World
) -> None:
    question = {"user_id": uid("owner"), "permission": "FLY", "team_id": world.team}
    assert await check(users, question) == [False]


async def test_no_question_is_no_answer(users: ServiceUnderTest) -> None:
    assert await check(users) == []


EXPLAIN = """query ($user: ID!, $permission: Permission!, $team: ID, $campaign: ID) {
    explainAccess(userId: $user, permission: $permission, teamId: $team, campaignId: $campaign) {
        allowed reason binding { role user { globalUserId } campaign { id } }
    }
}"""


async def test_the_binding_that_decides_is_named(users: ServiceUnderTest, world: World) -> None:
    pool = users.resources.database.pool
    await pool.execute("UPDATE role_binding SET expires_at = now() WHERE user_id = $1", uid("pii-viewer"))
    for subject, permission, allowed, role, words in [
        ("analyst", "EXPORT_RUN", True, "ANALYST", "ANALYST on the team allows EXPORT_RUN."),
        ("analyst", "CODE_MANAGE", False, None, "ANALYST does not allow CODE_MANAGE"),
        ("pii-viewer", "PII_READ", False, "PII_VIEWER", "until it expired"),
        ("fan", "ENTRY_READ", False, None, "There is no role"),
    ]:
        answer = await users.graphql(
            EXPLAIN,
            {"user": uid(subject), "permission": permission, "campaign": world.campaign},
            token=issuer.token("owner"),
        )
        found = answer["data"]["explainAccess"]
        assert (found["allowed"], words in found["reason"]) == (allowed, True), found
        assert (found["binding"] or {}).get("role") == role


async def test_a_role_that_has_ended_is_explained_without_telling_who_granted_it(
    users: ServiceUnderTest, world: World
) -> None:
    pool = users.resources.database.pool
    await pool.execute("UPDATE role_binding SET expires_at = now() WHERE user_id = $1", uid("analyst"))
    answer = await users.graphql(
        EXPLAIN.replace("user { globalUserId }", "grantedBy { globalUserId }"),
        {"user": uid("analyst"), "permission": "EXPORT_RUN", "team": world.team},
        token=issuer.token("analyst"),
    )
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
    assert answer["data"]["explainAccess"]["reason"].endswith("until it expired.")


async def test_explanations_are_for_herself_and_managers(users: ServiceUnderTest, world: World) -> None:
    asked = {"user": uid("viewer"), "permission": "CODE_READ", "team": world.team}
    for subject, code in [
        ("viewer", None),
        ("admin", None),
        ("analyst", "FORBIDDEN"),
        ("outsider", "FORBIDDEN"),
    ]:
        answer = await users.graphql(EXPLAIN, asked, token=issuer.token(subject))
        assert [e["extensions"]["code"] for e in answer.get("errors", [])] == ([code] if code else [])


def test_writing_includes_reading() -> None:
    for role, allowed in rules.ROLES.items():
        for permission in allowed:
            assert allowed >= rules.READS.get(permission, frozenset()), (role, permission)
