"""What each input of each mutation refuses, in which words, and that a refusal leaves nothing behind.

`test_bad_inputs.py` throws everything at everything; here is what must be said to whom.
"""

from typing import Any

import pytest

from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.users.test_bad_inputs import MUTATIONS
from tests.unit.users.world import World

LINES = ("", "   ", "x" * 121, "x" * 100_000, "a\0b", "a\nb", "a\u2028b", "\u202eabc", "a\u2066b", "\ufeff")
KEYS = ("", "k" * 201, "k" * 100_000, "a\0b")
STRICT_KEYS = (*KEYS, "a\nb", "\u202eabc")
CODES = (
    "",
    "12345",
    "1234567",
    "12345a",
    "１２３４５６",
    "12 34",
    "1" * 100_000,
    "123\x00456",
    "🎤🎤🎤🎤🎤🎤",
)
IDS = (
    "",
    "  ",
    ".",
    "..",
    "../../etc/passwd",
    "a\nb",
    "🎤",
    "עברית",
    "\u202eabc",
    "x" * 100_000,
    "a\0b",
    "%00",
    "usr_",
)
PHONES = (
    "",
    "2125550101",
    "+1 212 555 0101",
    "+1212555010a",
    "+" + "1" * 40,
    "+1212\x005550101",
    "+１２１２５５５０１０１",
    "🎤",
)
LOCALES = ("", "en", "en_US", "EN-US", "fr-FR", "en-US\0", "x" * 100_000)
ENUMS = ("", "sms", "FAX", "SMS\0", 1, True, ["SMS", "VOICE"], {})
MOMENTS = (
    "",
    "soon",
    "2099-01-01",
    "2099-01-01T00:00:00",
    "99999-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    4e9,
)

TABLE: dict[str, dict[str, tuple[tuple[Any, ...], str]]] = {
    "startPhoneVerification": {
        "phone": (PHONES, "BAD_REQUEST"),
        "channel": (ENUMS, "BAD_REQUEST"),
        "locale": (LOCALES, "BAD_REQUEST"),
        "idempotencyKey": (STRICT_KEYS, "ValidationFailed"),
    },
    "confirmPhoneVerification": {"verificationId": (IDS, "NotFound"), "code": (CODES, "ValidationFailed")},
    "updateProfile": {"displayName": (LINES, "ValidationFailed"), "locale": (LOCALES, "BAD_REQUEST")},
    "updatePrivacySettings": {"doNotSell": (("yes", 1, None, []), "BAD_REQUEST")},
    "startAccountLink": {
        "provider": (ENUMS, "BAD_REQUEST"),
        "redirectUri": (("", "javascript:alert(1)", "//evil.test", "http://", "http://a b"), "BAD_REQUEST"),
        "codeChallenge": (("", "x" * 42, "c" * 100_000, "🎤" * 43, "c" * 42 + "\0"), "ValidationFailed"),
    },
    "linkAccount": {
        "provider": (ENUMS, "BAD_REQUEST"),
        "authorizationCode": (("", "x" * 100_000, "a\0b", "🎤"), "ValidationFailed"),
        "codeVerifier": (("", "v" * 42, "v" * 100_000, "🎤" * 43), "ValidationFailed"),
        "state": (("", "nobody's", "x" * 100_000, "a\0b", "🎤"), "ValidationFailed"),
        "idempotencyKey": (KEYS, "ValidationFailed"),
    },
    "unlinkAccount": {"provider": (ENUMS, "BAD_REQUEST")},
    "verifyCard": {
        "paymentToken": (("", "4242424242424242", "x" * 100_000, "a\0b", "🎤"), "ValidationFailed"),
        "idempotencyKey": (STRICT_KEYS, "ValidationFailed"),
    },
    "removeCard": {"id": (IDS, "NotFound")},
    "verifyIdentity": {
        "tier": (ENUMS, "BAD_REQUEST"),
        "assertion": (("", "a.b", "x" * 100_000, "a\0.b.c", "🎤.🎤.🎤"), "ValidationFailed"),
        "nonce": (("x" * 100_000, "a\0b"), "ValidationFailed"),
        "idempotencyKey": (STRICT_KEYS, "ValidationFailed"),
    },
    "revokeIdentity": {"tier": (ENUMS, "BAD_REQUEST")},
    "recordConsent": {
        "campaignId": (IDS, "NotFound or ValidationFailed"),
        "purpose": (ENUMS, "BAD_REQUEST"),
        "granted": (("yes", 1, None), "BAD_REQUEST"),
        "idempotencyKey": (STRICT_KEYS, "ValidationFailed"),
    },
    "createTeam": {"name": (LINES, "ValidationFailed"), "idempotencyKey": (STRICT_KEYS, "ValidationFailed")},
    "addTeamMember": {
        "teamId": (IDS, "FORBIDDEN"),
        "userId": (IDS, "NotFound or ValidationFailed"),
        "role": (ENUMS, "BAD_REQUEST"),
        "idempotencyKey": (STRICT_KEYS, "ValidationFailed"),
    },
    "removeTeamMember": {"teamId": (IDS, "FORBIDDEN"), "userId": (IDS, "NotFound")},
    "grantRole": {
        "teamId": (IDS, "FORBIDDEN"),
        "campaignId": (IDS, "FORBIDDEN"),
        "userId": (IDS, "NotFound or ValidationFailed"),
        "role": (ENUMS, "BAD_REQUEST"),
        "expiresAt": (MOMENTS, "BAD_REQUEST"),
        "idempotencyKey": (STRICT_KEYS, "ValidationFailed"),
    },
    "revokeRole": {"id": (IDS, "NotFound")},
}  # fmt: skip


def test_every_mutation_is_in_the_table_with_every_field() -> None:
    listed = {name: {*fields} for name, fields in TABLE.items()}
    asked = {name: {*fields} for name, fields in MUTATIONS.items()}
    asked["linkAccount"].remove("redirectUri")  # a URL like startAccountLink's
    assert listed == asked


@pytest.mark.parametrize("mutation", TABLE)
async def test_a_bad_input_is_named_and_leaves_nothing(
    users: ServiceUnderTest, world: World, mutation: str
) -> None:
    usual = {**MUTATIONS[mutation], **({"teamId": world.team} if "teamId" in MUTATIONS[mutation] else {})}
    if mutation == "grantRole":
        usual.pop("campaignId")
    if mutation == "confirmPhoneVerification":
        usual["verificationId"] = "phv_" + "0" * 26
    token = issuer.token("owner")
    await users.graphql("{ viewer { id } }", token=token)
    before = await contents(users)
    wrong: list[tuple[str, str, str]] = []
    for field, (values, wanted) in TABLE[mutation].items():
        for value in values:
            given = {**usual, field: value}
            if field == "campaignId" and mutation == "grantRole":
                given.pop("teamId")
            found = await outcome(users, mutation, given, field, token)
            if found not in wanted.split(" or "):
                wrong.append((field, repr(value)[:40], found))
    assert wrong == []
    assert await contents(users) == before


async def outcome(
    users: ServiceUnderTest, mutation: str, given: dict[str, Any], field: str, token: str
) -> str:
    """What came of it: an error's code, or the union's member; `… elsewhere` if it names another input."""
    kind = mutation[0].upper() + mutation[1:]
    spreads = "__typename"
    if "ValidationFailed" in " ".join(wanted for _, wanted in TABLE[mutation].values()):
        spreads += " ... on ValidationFailed { issues { path code message } }"
    document = f"mutation ($input: {kind}Input!) {{ {mutation}(input: $input) {{ {spreads} }} }}"
    answer = (await users.post({"query": document, "variables": {"input": given}}, token=token)).json()
    if "errors" in answer:
        [error] = answer["errors"]
        return error["extensions"]["code"]
    result = answer["data"][mutation]
    issues = result.get("issues", [])
    named = all(issue["path"] == [field] and issue["message"] and issue["code"] for issue in issues)
    return result["__typename"] + ("" if named else f" elsewhere: {issues}")


async def contents(users: ServiceUnderTest) -> dict[str, str]:
    """A digest of every table, but the one that counts attempts, which refused ones are too."""
    pool = users.resources.database.pool
    names = await pool.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' "
        "AND tablename !~ '^(procrastinate|alembic|proof_attempt$)'"
    )
    return {
        row["tablename"]: await pool.fetchval(
            f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {row['tablename']} t"
        )
        for row in names
    }


async def test_two_hundred_representations_are_refused_as_a_whole(users: ServiceUnderTest) -> None:
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }"
    entities = [{"__typename": "User", "id": "usr_" + "0" * 26}] * 200
    before = len(users.requests)
    answer = await users.graphql(query, {"r": entities}, token=issuer.token("ada"))
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_REQUEST"]
    assert len(users.requests) == before


GOOD_NAMES = (
    "José Juárez",
    "عَائِشَة",
    "שרה",
    "李小龍",
    "👩🏽‍🎤 Star",
    "नेहा",
    "O'Neil; DROP TABLE",
    "\u200fשלום",
    "x" * 120,
)


@pytest.mark.parametrize("name", GOOD_NAMES)
async def test_names_of_all_the_world_are_kept_as_they_are(users: ServiceUnderTest, name: str) -> None:
    query = """mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) {
        ... on ProfileUpdated { user { displayName } } } }"""
    answer = await users.graphql(query, {"input": {"displayName": name}}, token=issuer.token("ada"))
    assert answer["data"]["updateProfile"]["user"]["displayName"] == name
