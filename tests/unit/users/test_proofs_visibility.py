"""Who sees what a fan proved and consents to, and that fifty are read as one."""

from typing import Any

from tests.support import issuer
from tests.support.proof_providers import Providers
from tests.support.service import ServiceUnderTest
from tests.unit.users.proving import PROOFS, ask, link, verify_card, verify_identity
from tests.unit.users.world import STAFF, World, sighting, uid

FIELDS = f"{PROOFS} consents {{ purpose granted }}"
NOTHING = {"linkedAccounts": [], "verifiedCards": [], "identityVerification": None, "consents": []}


async def prove_all(users: ServiceUnderTest, providers: Providers, world: World, who: str) -> None:
    await link(users, who, f"account of {who}")
    await verify_card(users, who)
    await verify_identity(users, providers.assertion(who), who)
    await ask(users, who, "recordConsent", campaignId=world.campaign, purpose="SHARING", granted=True)


async def test_as_contact_data_is(users: ServiceUnderTest, world: World, providers: Providers) -> None:
    await prove_all(users, providers, world, "fan")
    query = f"query ($id: ID!) {{ user(id: $id) {{ email {FIELDS} }} }}"
    seeing: dict[str, bool] = {}
    for who in ("fan", *STAFF, "outsider", "stranger"):
        answer = await users.graphql(query, {"id": uid("fan")}, token=issuer.token(who))
        user: dict[str, Any] | None = answer["data"]["user"]
        if user is not None:
            seeing[who] = user["email"] is not None
            assert [bool(user[name]) for name in NOTHING] == [seeing[who]] * 4, who
    assert [who for who, sees in seeing.items() if sees] == ["fan", "owner", "admin", "pii-viewer"]
    assert [who for who, sees in seeing.items() if not sees] == ["analyst", "viewer"]


async def test_fifty_users_are_one_request_and_one_statement_each(
    users: ServiceUnderTest, world: World, providers: Providers
) -> None:
    names = [f"fan-{number}" for number in range(50)]
    await users.resources.store.sight([sighting(name, world.campaign) for name in names])
    await prove_all(users, providers, world, "fan-7")
    users.requests.clear()
    before = users.resources.database.statements
    found = await users.entities(
        f"... on User {{ id {FIELDS} }}",
        [{"__typename": "User", "id": uid(name)} for name in names],
        token=issuer.token("pii-viewer"),
    )
    assert sorted(users.requests) == ["POST /users/consents", "POST /users/proofs", "POST /users/visible"]
    assert users.resources.database.statements - before == 3
    assert [all(each[name] for name in NOTHING) for each in found] == [name == "fan-7" for name in names]


async def test_a_service_account_proves_nothing(users: ServiceUnderTest) -> None:
    token = issuer.token("robot", client_id="robot")
    answer = await users.graphql(
        "mutation { unlinkAccount(input: { provider: CITI }) { __typename } }", token=token
    )
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
