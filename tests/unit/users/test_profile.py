"""updateProfile: what is left out stays, null clears."""

from typing import Any

from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.users.world import uid

UPDATE = """mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) {
    __typename ... on ProfileUpdated { user { displayName locale } } ... on ValidationFailed { issues { path code } }
} }"""


async def update(users: ServiceUnderTest, **changes: Any) -> dict[str, Any]:
    answer = await users.graphql(
        UPDATE, {"input": changes}, token=issuer.token("ada", name="Ada", locale="en-US")
    )
    return answer["data"]["updateProfile"]


async def test_what_is_left_out_stays_and_null_clears(users: ServiceUnderTest) -> None:
    assert (await update(users))["user"] == {"displayName": "Ada", "locale": "en-US"}
    assert (await update(users, locale="fr-CA"))["user"] == {"displayName": "Ada", "locale": "fr-CA"}
    assert (await update(users, displayName="  Ada L.  "))["user"] == {
        "displayName": "Ada L.",
        "locale": "fr-CA",
    }
    assert (await update(users, displayName=None, locale=None))["user"] == {
        "displayName": None,
        "locale": None,
    }


async def test_names_of_all_the_world(users: ServiceUnderTest) -> None:
    for name in (
        "José Juárez",
        "عَائِشَة",
        "שרה",
        "李小龍",
        "👩🏽‍🎤 Star",
        "O'Neil; DROP TABLE",
        "x" * 120,
        "😀" * 120,
    ):
        assert (await update(users, displayName=name))["user"]["displayName"] == name


async def test_names_that_are_none(users: ServiceUnderTest) -> None:
    for name, code in {
        "": "LENGTH",
        "   ": "LENGTH",
        "x" * 121: "LENGTH",
        "a\nb": "CONTROL_CHARACTER",
    }.items():
        assert (await update(users, displayName=name))["issues"] == [{"path": ["displayName"], "code": code}]


async def test_nobody_changes_somebody_elses(users: ServiceUnderTest) -> None:
    await update(users)
    for path in ("profile", "privacy"):
        answer = await users.rest(
            "PUT", f"/users/{uid('ada')}/{path}", {"do_not_sell": True}, headers={"x-actor": uid("eve")}
        )
        assert answer.status_code == 403
