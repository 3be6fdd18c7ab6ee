"""Sightings that registrations leave behind make users, without a storm of messages back."""

from typing import Any

from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.users.world import EntriesPeer, World, deliver_all, sighting, uid


async def sight(users: ServiceUnderTest, *sightings: Any) -> None:
    answer = await users.rest("POST", "/users/sightings", {"sightings": list(sightings)})
    assert answer.status_code == 200, answer.text


async def published(users: ServiceUnderTest) -> int:
    return await users.resources.database.pool.fetchval("SELECT count(*) FROM outbox")


async def test_new_fans_are_made_and_nothing_is_published(
    users: ServiceUnderTest, entries: EntriesPeer
) -> None:
    before = users.resources.database.statements
    await sight(users, *[sighting(f"fan-{n}") for n in range(200)])
    assert users.resources.database.statements - before <= 3
    assert (
        await users.resources.database.pool.fetchval("SELECT count(*) FROM app_user WHERE issuer <> ''")
        == 200
    )
    assert (await published(users), entries.snapshots) == (0, [])


async def test_repeated_and_doubled_sightings_change_nothing(users: ServiceUnderTest) -> None:
    for _ in range(2):
        await sight(users, sighting("ada"), sighting("ada"))
    assert (
        await users.resources.database.pool.fetchval("SELECT version FROM app_user WHERE issuer <> ''") == 1
    )


async def test_a_browsers_signal_is_heeded_in_a_registration_too(
    users: ServiceUnderTest, entries: EntriesPeer
) -> None:
    await users.graphql("{ viewer { id } }", token=issuer.token("known"))
    await sight(
        users, *[sighting(name, do_not_sell_signal=True) for name in ("known", "new")], sighting("quiet")
    )
    await deliver_all(users)
    assert [entries.of(name)[-1]["do_not_sell"] for name in ("known", "new")] == [True, True]
    assert entries.of("quiet") == []


async def test_a_changed_claim_of_somebody_known_is_published_by_the_worker(
    users: ServiceUnderTest, entries: EntriesPeer
) -> None:
    await users.graphql("{ viewer { id } }", token=issuer.token("ada"))
    await deliver_all(users)
    await sight(users, sighting("ada", country="IE"))
    assert len(entries.of("ada")) == 1
    await users.resources.database.pool.execute("UPDATE outbox SET next_attempt_at = now()")
    await deliver_all(users)
    assert entries.of("ada")[-1]["country"] == "IE"


async def test_a_sighting_shows_the_fan_to_the_campaigns_staff(users: ServiceUnderTest, world: World) -> None:
    reader = issuer.token("pii-viewer")
    query = "query ($id: ID!) { user(id: $id) { email } }"
    await sight(users, sighting("ada"))
    assert (await users.graphql(query, {"id": uid("ada")}, token=reader))["data"]["user"] is None
    await sight(users, sighting("ada", world.campaign))
    answer = await users.graphql(query, {"id": uid("ada")}, token=reader)
    assert answer["data"]["user"] == {"email": "ada@example.com"}
