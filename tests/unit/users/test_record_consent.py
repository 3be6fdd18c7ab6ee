"""recordConsent: a ledger whose newest row holds."""

import asyncio

import asyncpg
import pytest

from services.kit.ids import new_id
from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.users.proving import ask
from tests.unit.users.world import World, uid

CONSENTS = "{ viewer { consents { campaign { id } purpose granted at } } }"


async def hers(users: ServiceUnderTest, who: str = "fan") -> list[tuple[str, bool]]:
    answer = await users.graphql(CONSENTS, token=issuer.token(who))
    return [(each["purpose"], each["granted"]) for each in answer["data"]["viewer"]["consents"]]


async def ledger(users: ServiceUnderTest) -> list[bool]:
    rows = await users.resources.database.pool.fetch("SELECT granted FROM consent ORDER BY sequence")
    return [row["granted"] for row in rows]


async def test_the_newest_holds_and_everything_stays(users: ServiceUnderTest, world: World) -> None:
    about = {"campaignId": world.campaign, "purpose": "MARKETING"}
    assert await hers(users) == []
    for granted in (True, True, False, True):
        recorded = await ask(users, "fan", "recordConsent", **about, granted=granted)
        assert recorded["consent"]["granted"] is granted
        assert recorded["consent"]["campaign"] == {"id": world.campaign}
    assert await hers(users) == [("MARKETING", True)]
    assert await ledger(users) == [True, False, True], "what holds already is not written again"
    await ask(users, "fan", "recordConsent", **{**about, "purpose": "SHARING"}, granted=False)
    await ask(users, "fan", "recordConsent", **{**about, "campaignId": world.other_campaign}, granted=False)
    assert sorted(await hers(users)) == [("MARKETING", False), ("MARKETING", True), ("SHARING", False)]


async def test_the_same_key_answers_the_same_though_another_holds_by_now(
    users: ServiceUnderTest, world: World
) -> None:
    about = {"campaignId": world.campaign, "purpose": "ANALYTICS"}
    first = await ask(users, "fan", "recordConsent", **about, granted=True, idempotencyKey="k")
    await ask(users, "fan", "recordConsent", **about, granted=False)
    again = await ask(users, "fan", "recordConsent", **about, granted=True, idempotencyKey="k")
    assert again == {**first, "replayed": True}
    assert await hers(users) == [("ANALYTICS", False)]
    other = await ask(users, "fan", "recordConsent", **about, granted=False, idempotencyKey="k")
    assert other["__typename"] == "IdempotencyMismatch"


async def test_only_for_campaigns_that_exist(users: ServiceUnderTest, world: World) -> None:
    refused = await ask(
        users, "fan", "recordConsent", campaignId=new_id("cmp"), purpose="SHARING", granted=True
    )
    assert (refused["__typename"], refused["path"]) == ("NotFound", ["campaignId"])


async def test_the_same_said_at_once_is_one_row(users: ServiceUnderTest, world: World) -> None:
    about = {"campaignId": world.campaign, "purpose": "MARKETING", "granted": True}
    await asyncio.gather(*(ask(users, "fan", "recordConsent", **about) for _ in range(10)))
    assert await ledger(users) == [True]


async def test_the_services_role_can_add_to_the_ledger_and_nothing_else(
    users: ServiceUnderTest, world: World
) -> None:
    await ask(users, "fan", "recordConsent", campaignId=world.campaign, purpose="MARKETING", granted=True)
    pool = users.resources.database.pool
    for statement in ("UPDATE consent SET granted = false", "DELETE FROM consent", "TRUNCATE consent"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)
    assert await ledger(users) == [True]


async def test_it_goes_with_the_user(users: ServiceUnderTest, world: World) -> None:
    await ask(users, "ada", "recordConsent", campaignId=world.campaign, purpose="MARKETING", granted=True)
    await users.resources.database.pool.execute("DELETE FROM app_user WHERE id = $1", uid("ada"))
    assert await ledger(users) == []
