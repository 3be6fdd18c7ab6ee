"""linkAccount, unlinkAccount: OAuth by the authorization code, and what becomes of a link."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import asyncpg
import httpx
import pytest

from scripts.devtools.databases import ServiceDatabase
from scripts.devtools.proofs import Grant, authorization_code, challenge_of
from services.kit.errors import RateLimited
from services.kit.pg import Query
from services.users.backend import accounts_store, proofs_store
from services.users.backend.attempts_store import AttemptsStore
from tests.support.proof_providers import REDIRECT, Providers, answer, hang
from tests.support.service import ServiceUnderTest
from tests.unit.users.proving import ask, link, shown
from tests.unit.users.world import EntriesPeer, deliver_all, meet_after

VERIFIER = "v" * 50

# Each race's negative control: the same without the safeguard.
_UNLOCKED = Query(
    "touch_user",
    "",
    "SELECT (jsonb_populate_record(u, jsonb_build_object('version', u.version + 1))).* FROM app_user u WHERE u.id = $1",
    ("id",),
)
_LOOK = Query("look", "", "SELECT taken FROM proof_attempt WHERE user_id = $1", ("user_id",))
_COUNT = Query(
    "count",
    "",
    "INSERT INTO proof_attempt AS a VALUES ($1, $2, 1, now() + interval '1 hour') "
    "ON CONFLICT (user_id, kind) DO UPDATE SET taken = a.taken + 1",
    ("user_id", "kind"),
)


async def test_a_link_is_shown_published_at_once_and_lasts_a_year(
    users: ServiceUnderTest, entries: EntriesPeer
) -> None:
    linked = await link(users)
    assert linked["__typename"] == "AccountLinked"
    assert linked["account"]["provider"] == "VERIZON"
    assert linked["user"]["linkedAccounts"] == [linked["account"]]
    expires = datetime.fromisoformat(linked["account"]["expiresAt"])
    assert expires - datetime.fromisoformat(linked["account"]["linkedAt"]) == timedelta(days=365)
    [told] = entries.of("ada")[-1]["accounts"]
    assert told["value"] == "VERIZON"
    assert abs(datetime.fromisoformat(told["expires_at"]) - expires) < timedelta(milliseconds=1)


async def test_the_whole_flow_with_pkce_and_state(users: ServiceUnderTest, providers: Providers) -> None:
    started = await ask(
        users,
        "ada",
        "startAccountLink",
        provider="CITI",
        redirectUri=REDIRECT,
        codeChallenge=challenge_of(VERIFIER),
    )
    assert started["__typename"] == "AccountLinkStarted"
    async with httpx.AsyncClient(trust_env=False) as browser:
        response = await browser.get(started["authorizationUrl"])
    assert response.status_code == 302
    back = urlsplit(response.headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == REDIRECT
    query = dict(parse_qsl(back.query))
    assert query["state"] == started["state"]
    came_back = {"provider": "CITI", "authorizationCode": query["code"], "redirectUri": REDIRECT}
    without = await ask(users, "ada", "linkAccount", **came_back, state=query["state"])
    assert (without["__typename"], without["reason"]) == ("ProofRefused", "NOT_ACCEPTED"), "no verifier"
    again = authorization_code(Grant("acc-9", REDIRECT, challenge_of(VERIFIER)))
    linked = await ask(
        users,
        "ada",
        "linkAccount",
        **{**came_back, "authorizationCode": again},
        state=query["state"],
        codeVerifier=VERIFIER,
    )
    assert linked["__typename"] == "AccountLinked"


async def test_a_state_is_hers_for_that_provider_and_page_alone(users: ServiceUnderTest) -> None:
    begin = {"provider": "VERIZON", "redirectUri": REDIRECT}
    state = (await ask(users, "eve", "startAccountLink", **begin))["state"]
    mine = (await ask(users, "ada", "startAccountLink", **begin))["state"]
    for given in (
        {"state": state},
        {"state": mine, "provider": "CITI"},
        {"state": "0" + mine},
        {"state": mine[:-1]},
        {"state": ""},
        {"state": "1." + mine.partition(".")[2]},
        {"state": mine, "redirectUri": None},
    ):
        refused = await link(users, **{"redirectUri": REDIRECT, **given})
        assert refused["issues"][0]["path"] == ["state"], given
    assert (await link(users, redirectUri=REDIRECT, state=mine))["__typename"] == "AccountLinked"


async def test_pages_that_are_not_registered_are_refused(
    users: ServiceUnderTest, providers: Providers
) -> None:
    for redirect in ("https://evil.example/", REDIRECT + "/", REDIRECT + "?x=1"):
        started = await ask(users, "ada", "startAccountLink", provider="VERIZON", redirectUri=redirect)
        assert started["issues"][0]["code"] == "NOT_REGISTERED"
        assert (await link(users, redirectUri=redirect))["issues"][0]["path"] == ["redirectUri"]
    assert not providers.asked


async def test_a_code_works_once_and_for_her_again(users: ServiceUnderTest, providers: Providers) -> None:
    code = authorization_code(Grant("acc-1"))
    first = await link(users, authorizationCode=code)
    again = await link(users, authorizationCode=code)
    assert again == {**first, "replayed": True}
    assert providers.asked["/verizon/token"] == 1
    refused = await link(users, "eve", authorizationCode=code)
    assert (refused["__typename"], refused["reason"]) == ("ProofRefused", "NOT_ACCEPTED")


async def test_the_same_key_answers_the_same(users: ServiceUnderTest, providers: Providers) -> None:
    code = authorization_code(Grant("acc-1"))
    first = await link(users, authorizationCode=code, idempotencyKey="k")
    await ask(users, "ada", "unlinkAccount", provider="VERIZON")
    again = await link(users, authorizationCode=code, idempotencyKey="k")
    assert (again["replayed"], again["account"]) == (True, first["account"])
    assert (await link(users, idempotencyKey="k"))["__typename"] == "IdempotencyMismatch"
    assert providers.asked["/verizon/token"] == 1
    assert (await shown(users))["linkedAccounts"] == [], "a replay links nothing anew"


async def test_one_account_proves_one_fan_until_she_lets_it_go(users: ServiceUnderTest) -> None:
    await link(users, "ada")
    assert (await link(users, "eve"))["__typename"] == "AccountAlreadyLinked"
    assert (await shown(users, "eve"))["linkedAccounts"] == []
    assert (await link(users, "eve", provider="CITI"))["__typename"] == "AccountLinked", "another provider's"
    assert (await ask(users, "ada", "unlinkAccount", provider="VERIZON"))["__typename"] == "AccountUnlinked"
    assert (await link(users, "eve"))["__typename"] == "AccountLinked"


async def test_an_expired_link_counts_no_more_and_gives_the_account_free(
    users: ServiceUnderTest, entries: EntriesPeer
) -> None:
    await link(users, "ada")
    await users.resources.database.pool.execute("UPDATE linked_account SET expires_at = now()")
    assert (await shown(users, "ada"))["linkedAccounts"] == []
    assert (await link(users, "eve"))["__typename"] == "AccountLinked"
    await link(users, "ada", "acc-2", provider="CITI")
    assert [each["value"] for each in entries.of("ada")[-1]["accounts"]] == ["CITI"]


async def test_another_account_of_the_provider_replaces_the_first(
    users: ServiceUnderTest, entries: EntriesPeer
) -> None:
    await link(users, "ada", "acc-1")
    await link(users, "ada", "acc-2")
    assert len((await shown(users))["linkedAccounts"]) == 1
    assert (await link(users, "eve", "acc-1"))["__typename"] == "AccountLinked"


async def test_unlinking_is_published_at_once_and_once(users: ServiceUnderTest, entries: EntriesPeer) -> None:
    await link(users)
    unlinked = await ask(users, "ada", "unlinkAccount", provider="VERIZON")
    assert unlinked["user"]["linkedAccounts"] == []
    assert entries.of("ada")[-1]["accounts"] == []
    again = await ask(users, "ada", "unlinkAccount", provider="VERIZON")
    assert (again["__typename"], again["path"]) == ("NotFound", ["provider"])


async def test_what_entries_did_not_take_is_delivered_later(
    users: ServiceUnderTest, entries: EntriesPeer
) -> None:
    entries.down = True
    assert (await link(users))["__typename"] == "AccountLinked"
    assert entries.of("ada") == []
    entries.down = False
    await deliver_all(users)
    newest = max(entries.of("ada"), key=lambda snapshot: snapshot["version"])
    assert [each["value"] for each in newest["accounts"]] == ["VERIZON"]


TROUBLE: dict[str, tuple[str, Any, str]] = {
    "wrong code": ("token", answer(400, {"error": "invalid_grant"}), "ProofRefused"),
    "denied": ("token", answer(400, {"error": "access_denied"}), "ProofRefused"),
    "our credentials": ("token", answer(401, {"error": "invalid_client"}), "ProviderUnavailable"),
    "not for us": ("token", answer(400, {"error": "unauthorized_client"}), "ProviderUnavailable"),
    "no words": ("token", answer(400, b""), "ProviderUnavailable"),
    "5xx": ("token", answer(502, b"<html>Bad gateway</html>"), "ProviderUnavailable"),
    "too many": ("token", answer(429, b"", retry_after="7"), "ProviderUnavailable"),
    "elsewhere": ("token", answer(302, b"", location="http://127.0.0.1:1/"), "ProviderUnavailable"),
    "no JSON": ("token", answer(200, b"access_token=x"), "ProviderUnavailable"),
    "a list": ("token", answer(200, []), "ProviderUnavailable"),
    "no token": ("token", answer(200, {"token_type": "Bearer"}), "ProviderUnavailable"),
    "a token of the wrong kind": ("token", answer(200, {"access_token": 7}), "ProviderUnavailable"),
    "a token with a line break": ("token", answer(200, {"access_token": "a\r\nb: c"}), "ProviderUnavailable"),
    "endless": ("token", answer(200, b" " * 100_000), "ProviderUnavailable"),
    "silence": ("token", hang, "ProviderUnavailable"),
    "revoked meanwhile": ("userinfo", answer(401, {"error": "invalid_token"}), "ProofRefused"),
    "nobody": ("userinfo", answer(200, {"sub": ""}), "ProviderUnavailable"),
    "somebody odd": ("userinfo", answer(200, {"sub": "x" * 300}), "ProviderUnavailable"),
}


async def test_what_a_provider_may_answer(users: ServiceUnderTest, providers: Providers) -> None:
    for name, (endpoint, given, outcome) in TROUBLE.items():
        fan = name.replace(" ", "-")
        providers.answers[f"/verizon/{endpoint}"] = [given]
        result = await link(users, fan)
        assert result["__typename"] == outcome, (name, result)
        assert name != "too many" or result["retryAfterSeconds"] == 7
        assert (await shown(users, fan))["linkedAccounts"] == [], name


async def test_attempts_are_limited_whatever_their_outcome(
    users: ServiceUnderTest, providers: Providers
) -> None:
    await shown(users)
    await users.resources.database.pool.execute(
        "INSERT INTO proof_attempt SELECT id, 'ACCOUNT', 19, now() + interval '30 minutes' FROM app_user"
    )
    assert (await link(users, authorizationCode="bad"))["__typename"] == "ProofRefused"
    refused = await link(users)
    assert refused["__typename"] == "RateLimited"
    assert (await link(users, "eve"))["__typename"] == "AccountLinked"
    assert providers.asked["/verizon/token"] == 2
    await users.resources.database.pool.execute("UPDATE proof_attempt SET resets_at = now()")
    assert (await link(users, account="acc-2"))["__typename"] == "AccountLinked"


@pytest.mark.parametrize("atomic", [True, False], ids=["as built", "negative control"])
async def test_of_parallel_attempts_no_more_than_the_cap_reach_the_provider(
    users: ServiceUnderTest, providers: Providers, monkeypatch: pytest.MonkeyPatch, atomic: bool
) -> None:
    await shown(users)
    if not atomic:  # counted by a look and a write
        monkeypatch.setattr(AttemptsStore, "take", _look_then_count)
        meet_after(monkeypatch, "look", parties=30)
    await asyncio.gather(*(link(users, authorizationCode=f"bad-{number}") for number in range(30)))
    assert (providers.asked["/verizon/token"] == 20) is atomic


@pytest.mark.parametrize("atomic", [True, False], ids=["as built", "negative control"])
async def test_of_fans_who_link_one_account_at_once_one_has_it(
    users: ServiceUnderTest, users_database: ServiceDatabase, atomic: bool
) -> None:
    names = ["ada", "eve", "kim", "zoe"]
    for name in names:
        await shown(users, name)
    if not atomic:
        owner = await asyncpg.connect(users_database.owner_dsn)
        await owner.execute(
            "ALTER TABLE linked_account DROP CONSTRAINT linked_account_provider_subject_lookup_key"
        )
        await owner.close()
    results = await asyncio.gather(*(link(users, name) for name in names))
    outcomes = sorted(result["__typename"] for result in results)
    if atomic:
        assert outcomes == ["AccountAlreadyLinked"] * 3 + ["AccountLinked"]
    else:
        assert outcomes == ["AccountLinked"] * 4


@pytest.mark.parametrize("atomic", [True, False], ids=["as built", "negative control"])
async def test_after_unlink_meets_link_entries_holds_what_is_true(
    users: ServiceUnderTest, entries: EntriesPeer, monkeypatch: pytest.MonkeyPatch, atomic: bool
) -> None:
    await link(users)
    await deliver_all(users)
    if not atomic:  # the version is computed, and the row not locked
        monkeypatch.setitem(proofs_store.q.all, "touch_user", _UNLOCKED)
        meet_after(monkeypatch, "touch_user", parties=2)
    before = len(entries.of("ada"))
    await asyncio.gather(
        link(users, account="acc-2", provider="CITI"), ask(users, "ada", "unlinkAccount", provider="VERIZON")
    )
    told = entries.of("ada")[before:]
    versions = [snapshot["version"] for snapshot in told]
    if atomic:
        newest = max(told, key=lambda snapshot: snapshot["version"])
        assert len(set(versions)) == 2
        assert [each["value"] for each in newest["accounts"]] == ["CITI"]
    else:
        assert len(set(versions)) == 1, "entries would take one of two, whichever came first"


async def test_links_are_rechecked_at_their_provider_and_end_when_it_says_so(
    users: ServiceUnderTest, providers: Providers, entries: EntriesPeer
) -> None:
    accounts, pool = users.resources.accounts, users.resources.database.pool
    for number, name in enumerate(("ada", "eve", "kim")):
        await link(users, name, f"acc-{number}")
    assert await accounts.recheck() == 0, "not due yet"
    await pool.execute("UPDATE linked_account SET next_check_at = now()")
    providers.answers["/verizon/introspect"] = [
        answer(200, {"active": True}),
        answer(200, {"active": False}),
        answer(503, b""),
    ]
    assert await accounts.recheck() == 3
    left = await pool.fetch("SELECT next_check_at - now() AS wait FROM linked_account ORDER BY 1")
    assert [row["wait"] > timedelta(hours=1) for row in left] == [False, True], "one is asked again soon"
    [gone] = [name for name in ("ada", "eve", "kim") if not (await shown(users, name))["linkedAccounts"]]
    assert entries.of(gone)[-1]["accounts"] == []
    assert await accounts.recheck() == 0


async def test_a_recheck_ends_only_the_link_that_it_asked_about(
    users: ServiceUnderTest, providers: Providers
) -> None:
    await link(users)
    pool = users.resources.database.pool
    await pool.execute("UPDATE linked_account SET next_check_at = now()")
    [due] = await users.resources.database.fetch(accounts_store.q.claim_due_links, limit=10)
    await link(users, account="acc-2")
    providers.answers["/verizon/introspect"] = [answer(200, {"active": False})]
    await users.resources.accounts._recheck(due)
    assert len((await shown(users))["linkedAccounts"]) == 1


async def test_what_is_kept_names_no_account(users: ServiceUnderTest) -> None:
    await link(users, account="a-very-special-account")
    pool = users.resources.database.pool
    for table in ("linked_account", "idempotency", "outbox", "proof_attempt"):
        rows = await pool.fetch(f"SELECT to_jsonb(t)::text AS row FROM {table} t")
        assert not any("special" in row["row"] for row in rows), table


async def _look_then_count(self: AttemptsStore, user_id: str, kind: str) -> None:
    database = self._database
    taken = await database.fetchval(_LOOK, user_id=user_id)
    if taken is not None and taken >= 20:
        raise RateLimited(1)
    await database.execute(_COUNT, user_id=user_id, kind=kind)
