"""Whatever comes in, the answer is a ValidationFailed, a refusal or a BAD_REQUEST, never an internal error."""

from typing import Any

from tests.support import issuer
from tests.support.proof_providers import REDIRECT
from tests.support.service import ServiceUnderTest
from tests.unit.users.world import World, uid

STRANGE: list[Any] = [
    "",
    " ",
    "\0",
    "a\0b",
    "a\\u0000b",
    "x" * 100_000,
    "\ud800",
    "😀" * 300,
    "\u202eabc",
    "../../etc/passwd",
    "'; DROP TABLE app_user; --",
    "usr_" + "0" * 26,
    0,
    -1,
    1e308,
    True,
    [],
    ["x"],
    {},
    {"a": "\0"},
    None,
]
MUTATIONS: dict[str, dict[str, Any]] = {
    "startPhoneVerification": {
        "phone": "+12125550101",
        "channel": "SMS",
        "locale": "en-US",
        "idempotencyKey": "k",
    },
    "confirmPhoneVerification": {"verificationId": "phv_1", "code": "123456"},
    "startAccountLink": {"provider": "CITI", "redirectUri": REDIRECT, "codeChallenge": "c" * 43},
    "linkAccount": {
        "provider": "CITI",
        "authorizationCode": "code",
        "codeVerifier": "v" * 43,
        "redirectUri": REDIRECT,
        "state": "1.x",
        "idempotencyKey": "k",
    },
    "unlinkAccount": {"provider": "CITI"},
    "verifyCard": {"paymentToken": "pm_visa_4242_1240_x", "idempotencyKey": "k"},
    "removeCard": {"id": "crd_1"},
    "verifyIdentity": {"tier": "ASU", "assertion": "a.b.c", "nonce": "n", "idempotencyKey": "k"},
    "revokeIdentity": {"tier": "ASU"},
    "recordConsent": {"campaignId": "cmp_1", "purpose": "SHARING", "granted": True, "idempotencyKey": "k"},
    "updateProfile": {"displayName": "Ada", "locale": "en-US"},
    "updatePrivacySettings": {"doNotSell": True},
    "createTeam": {"name": "Team", "idempotencyKey": "k"},
    "addTeamMember": {"teamId": "tea_1", "userId": "usr_1", "role": "VIEWER", "idempotencyKey": "k"},
    "removeTeamMember": {"teamId": "tea_1", "userId": "usr_1"},
    "grantRole": {
        "userId": "usr_1",
        "role": "VIEWER",
        "teamId": "tea_1",
        "campaignId": "cmp_1",
        "expiresAt": "2099-01-01T00:00:00Z",
        "idempotencyKey": "k",
    },
    "revokeRole": {"id": "rol_1"},
}
KNOWN = {"BAD_REQUEST", "FORBIDDEN", "UNAUTHENTICATED", "GRAPHQL_VALIDATION_FAILED"}


async def test_every_field_of_every_input(users: ServiceUnderTest, world: World) -> None:
    for mutation, usual in MUTATIONS.items():
        usual = {**usual, **({"teamId": world.team} if "teamId" in usual else {})}
        kind = mutation[0].upper() + mutation[1:]
        query = f"mutation ($input: {kind}Input!) {{ {mutation}(input: $input) {{ __typename }} }}"
        for name in usual:
            for strange in STRANGE:
                await _ask(users, query, {"input": {**usual, name: strange}})


async def test_every_argument_of_every_query(users: ServiceUnderTest, world: World) -> None:
    me = uid("owner")
    queries = [
        "query ($v: ID!) { user(id: $v) { id } }",
        "query ($v: ID!) { team(id: $v) { id } }",
        "query ($v: ID) { auditLog(teamId: $v) { nodes { id } } }",
        "query ($v: ID) { auditLog(campaignId: $v) { nodes { id } } }",
        f'query ($v: Int) {{ auditLog(teamId: "{world.team}", first: $v) {{ nodes {{ id }} }} }}',
        f'query ($v: String) {{ auditLog(teamId: "{world.team}", after: $v) {{ nodes {{ id }} }} }}',
        f'query ($v: ID!) {{ explainAccess(userId: $v, permission: CODE_READ, teamId: "{world.team}") {{ reason }} }}',
        f'query ($v: ID) {{ explainAccess(userId: "{me}", permission: CODE_READ, campaignId: $v) {{ reason }} }}',
        "query ($v: [_Any!]!) { _entities(representations: $v) { __typename } }",
    ]
    for query in queries:
        for strange in STRANGE:
            await _ask(users, query, {"v": strange})


async def test_strange_claims_of_a_good_token(users: ServiceUnderTest) -> None:
    for claim in ("email", "name", "member_id", "locale", "country"):
        for strange in STRANGE:
            if strange != "\ud800":
                await _ask(users, "{ viewer { id email } }", {}, issuer.token("ada", **{claim: strange}))


async def test_the_backend_refuses_what_is_not_its_wire_format(users: ServiceUnderTest) -> None:
    for path in ("/users/visible", "/users/session", "/users/sightings", "/roles", "/teams", "/access/check"):
        for body in (
            None,
            [],
            {},
            "x",
            1,
            {"ids": [1]},
            {"viewer_id": "a", "ids": ["x"] * 101},
            {"checks": "x"},
        ):
            answer = await users.rest("POST", path, body, headers={"x-actor": uid("ada")})
            assert answer.status_code in (400, 422), (path, body, answer.text)
    for path in (
        "/teams/%00/audit-events",
        "/teams/x/audit-events?campaign_id=%00",
        "/teams/x/audit-events?limit=x",
    ):
        assert (await users.rest("GET", path)).status_code == 422
    answer = await users.rest("POST", "/users/visible", {"viewer_id": "a", "ids": ["a\0"]})
    assert answer.json()["issues"][0]["path"] == ["ids", "0"]


async def _ask(
    users: ServiceUnderTest, query: str, variables: dict[str, Any], token: str | None = None
) -> None:
    answer = await users.post({"query": query, "variables": variables}, token=token or issuer.token("owner"))
    assert answer.status_code in (200, 400, 401), answer.text
    for error in answer.json().get("errors", []):
        assert error["extensions"]["code"] in KNOWN, (query, str(variables)[:200], error)
