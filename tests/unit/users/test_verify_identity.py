"""verifyIdentity, revokeIdentity: an issuer's assertion proves a tier, once."""

import asyncio
import time
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from scripts.devtools.databases import ServiceDatabase
from scripts.devtools.proofs import assertion
from scripts.devtools.tokens import Mint, key_id, load_key
from services.kit.pg import Query
from services.users.backend import proofs_store
from tests.support.proof_providers import Providers, answer
from tests.support.service import ServiceUnderTest
from tests.unit.users.proving import ask, shown, verify_identity
from tests.unit.users.world import EntriesPeer, meet_after

# The negative control of the replay: looked up first, noted after.
_LOOK = Query(
    "look", "", "SELECT true FROM spent_assertion WHERE assertion_lookup = $1", ("assertion_lookup",)
)
DAY = 86_400


async def test_a_tier_is_shown_published_at_once_and_lasts_a_year(
    users: ServiceUnderTest, providers: Providers, entries: EntriesPeer
) -> None:
    verified = await verify_identity(users, providers.assertion())
    assert verified["verification"]["tier"] == "ASU"
    assert verified["user"]["identityVerification"]["expiresAt"] == verified["verification"]["expiresAt"]
    assert [each["value"] for each in entries.of("ada")[-1]["tiers"]] == ["ASU"]
    revoked = await ask(users, "ada", "revokeIdentity", tier="ASU")
    assert revoked["user"]["identityVerification"] is None
    assert entries.of("ada")[-1]["tiers"] == []
    assert (await ask(users, "ada", "revokeIdentity", tier="ASU"))["__typename"] == "NotFound"


async def test_it_lasts_no_longer_than_the_issuer_vouches(
    users: ServiceUnderTest, providers: Providers
) -> None:
    until = int(time.time()) + 7 * DAY
    verified = await verify_identity(users, providers.assertion(valid_until=until))
    shown_until = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(until))
    assert verified["verification"]["expiresAt"] == shown_until
    refused = await verify_identity(users, providers.assertion(valid_until=int(time.time()) - 1))
    assert (refused["__typename"], refused["reason"]) == ("ProofRefused", "EXPIRED")


async def test_an_assertion_counts_once_and_for_her_again(
    users: ServiceUnderTest, providers: Providers
) -> None:
    given = providers.assertion()
    first, again = [await verify_identity(users, given) for _ in range(2)]
    assert again == {**first, "replayed": True}
    stolen = await verify_identity(users, given, "eve")
    assert (stolen["__typename"], stolen["reason"]) == ("ProofRefused", "ALREADY_USED")
    await ask(users, "ada", "revokeIdentity", tier="ASU")
    after = await verify_identity(users, given)
    assert (after["__typename"], after["reason"]) == ("ProofRefused", "ALREADY_USED")
    assert (await verify_identity(users, providers.assertion()))["__typename"] == "IdentityVerified"


async def test_one_person_verifies_one_fan(users: ServiceUnderTest, providers: Providers) -> None:
    await verify_identity(users, providers.assertion("pat"))
    assert (await verify_identity(users, providers.assertion("pat"), "eve"))[
        "__typename"
    ] == "IdentityAlreadyUsed"
    await users.resources.database.pool.execute("UPDATE identity_verification SET expires_at = now()")
    assert (await verify_identity(users, providers.assertion("pat"), "eve"))[
        "__typename"
    ] == "IdentityVerified"
    assert (await shown(users))["identityVerification"] is None


async def test_assertions_that_prove_nothing(
    users: ServiceUnderTest, providers: Providers, tmp_path: Path
) -> None:
    key = load_key(tmp_path / "other.pem")
    forged = assertion(Mint(providers.url, "", key, "other"), "x", providers.issuer)
    known = Mint(providers.url, "", key, key_id(load_key(providers.folder / "key.pem")))
    header, body, signature = providers.assertion().split(".")
    bad: dict[str, tuple[str, dict[str, Any]]] = {
        "another key": (forged, {}),
        "another key under a known name": (assertion(known, "x", providers.issuer), {}),
        "no signature": (f"eyJhbGciOiJub25lIn0.{body}.", {}),
        "tampered": (f"{header}.{body[:-4]}AAAA.{signature}", {}),
        "another issuer": (providers.assertion(issuer=f"{providers.url}/providers/other"), {}),
        "another audience": (providers.assertion(aud="somebody"), {}),
        "expired": (providers.assertion(expires_in=-60), {}),
        "not yet valid": (providers.assertion(nbf=int(time.time()) + 600), {}),
        "usable for ever": (providers.assertion(expires_in=3 * DAY), {}),
        "no id": (providers.assertion(jti=None), {}),
        "an id that is a number": (providers.assertion(jti=7), {}),
        "no expiry": (providers.assertion(exp=None), {}),
        "nobody": (providers.assertion(sub=None), {}),
        "a nonce that was not sent": (providers.assertion(nonce="n-1"), {}),
        "another nonce": (providers.assertion(nonce="n-1"), {"nonce": "n-2"}),
        "no nonce": (providers.assertion(), {"nonce": "n-1"}),
        "valid until nonsense": (providers.assertion(valid_until="tomorrow"), {}),
    }
    for name, (given, more) in bad.items():
        refused = await verify_identity(users, given, name.replace(" ", "-"), **more)
        assert (refused["__typename"], refused.get("reason")) == ("ProofRefused", "NOT_ACCEPTED"), name
    assert (await verify_identity(users, providers.assertion(nonce="n-1"), nonce="n-1"))[
        "__typename"
    ] == "IdentityVerified"
    for given in ("", "a.b", "x" * 9000, "é.b.c"):
        assert (await verify_identity(users, given))["issues"][0]["path"] == ["assertion"]


async def test_an_issuer_without_keys_is_unavailable_not_refusing(
    users: ServiceUnderTest, providers: Providers
) -> None:
    given = providers.assertion()
    providers.answers["/asu/jwks"] = [answer(503, b"")]
    assert (await verify_identity(users, given))["__typename"] == "ProviderUnavailable"
    assert (await verify_identity(users, given))["__typename"] == "IdentityVerified", (
        "the assertion was not spent"
    )


@pytest.mark.parametrize("atomic", [True, False], ids=["as built", "negative control"])
async def test_of_fans_who_replay_one_assertion_at_once_one_is_verified(
    users: ServiceUnderTest,
    users_database: ServiceDatabase,
    providers: Providers,
    monkeypatch: pytest.MonkeyPatch,
    atomic: bool,
) -> None:
    names = ["ada", "eve", "kim", "zoe"]
    for name in names:
        await shown(users, name)
    owner = await asyncpg.connect(users_database.owner_dsn)
    await owner.execute(
        "ALTER TABLE identity_verification DROP CONSTRAINT identity_verification_tier_subject_lookup_key"
    )
    if not atomic:
        await owner.execute("ALTER TABLE spent_assertion DROP CONSTRAINT spent_assertion_pkey")
        database = users.resources.database
        fetchval = database.fetchval

        async def look_then_spend(query: Query, connection: Any = None, /, **given: Any) -> Any:
            if query is proofs_store.q.spend_assertion and await fetchval(
                _LOOK, connection, assertion_lookup=given["assertion_lookup"]
            ):
                return None
            return await fetchval(query, connection, **given)

        monkeypatch.setattr(database, "fetchval", look_then_spend)
        meet_after(monkeypatch, "look", parties=4)
    await owner.close()
    given = providers.assertion()
    outcomes = [
        r["__typename"] for r in await asyncio.gather(*(verify_identity(users, given, n) for n in names))
    ]
    assert outcomes.count("IdentityVerified") == (1 if atomic else 4)
    assert outcomes.count("ProofRefused") == (3 if atomic else 0)


async def test_spent_assertions_are_forgotten_when_nobody_would_accept_them(
    users: ServiceUnderTest, providers: Providers
) -> None:
    given = providers.assertion()
    await verify_identity(users, given)
    pool = users.resources.database.pool
    await users.resources.proofs.forget()
    assert await pool.fetchval("SELECT count(*) FROM spent_assertion") == 1
    await pool.execute("UPDATE spent_assertion SET expires_at = now() - interval '1 second'")
    await pool.execute("UPDATE identity_verification SET expires_at = now() - interval '31 days'")
    await users.resources.proofs.forget()
    counts = "SELECT (SELECT count(*) FROM spent_assertion) + (SELECT count(*) FROM identity_verification)"
    assert await pool.fetchval(counts) == 0
