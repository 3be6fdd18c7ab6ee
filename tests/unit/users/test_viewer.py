"""Query.viewer: who is signed in, made at first sight."""

from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.users.world import EntriesPeer, deliver_all, uid

FIELDS = "id globalUserId memberId email phone displayName locale country createdAt teams { id } roles { id }"
VIEWER = f"{{ viewer {{ {FIELDS} }} }}"


async def test_nobody_is_null(users: ServiceUnderTest) -> None:
    assert await users.graphql("{ viewer { id } }") == {"data": {"viewer": None}}


async def test_somebody_sees_all_of_herself(users: ServiceUnderTest) -> None:
    token = issuer.token("ada", name="Ada", locale="fr-CA", country="CA")
    answer = await users.graphql(VIEWER, token=token)
    viewer = answer["data"]["viewer"]
    assert viewer.pop("createdAt").endswith("Z")
    assert viewer == {
        "id": uid("ada"),
        "globalUserId": "ada",
        "memberId": "member-ada",
        "email": "ada@example.com",
        "phone": None,
        "displayName": "Ada",
        "locale": "fr-CA",
        "country": "CA",
        "teams": [],
        "roles": [],
    }


async def test_first_sight_is_published_once_when_there_is_something_to_say(
    users: ServiceUnderTest, entries: EntriesPeer
) -> None:
    for _ in range(3):
        await users.graphql("{ viewer { id } }", token=issuer.token("ada"))
    await deliver_all(users)
    [snapshot] = entries.of("ada")
    assert snapshot["country"] == "US"
    assert snapshot["member_id"] == "member-ada"
    assert snapshot["phone_verified"] is False
    await users.graphql("{ viewer { id } }", token=issuer.token("bea", country=None, member_id=None))
    await deliver_all(users)
    assert entries.of("bea") == []


async def test_changed_claims_are_followed_and_published(
    users: ServiceUnderTest, entries: EntriesPeer
) -> None:
    await users.graphql("{ viewer { id } }", token=issuer.token("ada"))
    await deliver_all(users)
    await users.graphql("{ viewer { id } }", token=issuer.token("ada", country="IE", member_id="gold"))
    first, second = entries.of("ada")
    assert second["version"] > first["version"]
    assert (second["country"], second["member_id"]) == ("IE", "gold")


async def test_a_known_viewer_costs_one_statement(users: ServiceUnderTest) -> None:
    token = issuer.token("ada")
    await users.graphql("{ viewer { id } }", token=token)
    before = users.resources.database.statements
    await users.graphql("{ viewer { id email country } }", token=token)
    assert users.resources.database.statements - before == 1


async def test_claims_of_the_wrong_kind_count_as_absent(users: ServiceUnderTest) -> None:
    token = issuer.token("ada", email=7, member_id=["x"], locale="xx-YY", country="Atlantis", name={"a": 1})
    answer = await users.graphql("{ viewer { email memberId locale country displayName } }", token=token)
    assert set(answer["data"]["viewer"].values()) == {None}
