"""Who may come in at all: bad tokens are refused everywhere, no token is fine where things are public."""

import jwt
import pytest

from scripts.devtools.graphql_client import GraphQLClient
from tests.support.forged_tokens import Forge
from tests.support.stack import RunningStack

PUBLIC = b'{"query":"{ campaigns(first: 1) { nodes { id } } }"}'
PRIVATE = b'{"query":"{ viewer { id } }"}'

BAD: dict[str, dict[str, object]] = {
    "expired": {"expires_in": -120},
    "wrong audience": {"aud": "somebody-else"},
    "wrong issuer": {"iss": "http://127.0.0.1:1"},
    "no subject": {"sub": None},
    "no expiry": {"exp": None},
    "not yet valid": {"nbf": 32_503_680_000},
    "10 KB": {"filler": "x" * 7_000},
}


@pytest.mark.parametrize("body", [PUBLIC, PRIVATE], ids=["public", "private"])
@pytest.mark.parametrize("name", BAD)
async def test_a_bad_token_is_refused_even_where_none_is_needed(
    stack: RunningStack, client: GraphQLClient, name: str, body: bytes
) -> None:
    answer = await client.post_raw(body, token=stack.token("fan", **BAD[name]))  # type: ignore[arg-type]
    assert answer.status < 500
    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["UNAUTHENTICATED"]


@pytest.mark.parametrize("body", [PUBLIC, PRIVATE], ids=["public", "private"])
async def test_the_attack_list_through_the_router(
    stack: RunningStack, client: GraphQLClient, body: bytes
) -> None:
    good = stack.token("fan")
    claims = jwt.decode(good, options={"verify_signature": False})
    forge = Forge(stack.mint.key, stack.mint.kid, claims)
    for name, forged in forge.attacks().items():
        answer = await client.post_raw(body, token=forged())
        assert answer.status < 500, name
        codes = [error["extensions"]["code"] for error in answer.json()["errors"]]
        assert codes == ["UNAUTHENTICATED"], name
    assert "errors" not in (await client.post_raw(body, token=forge.signed())).json()


async def test_a_token_larger_than_headers_may_be_is_refused(
    stack: RunningStack, client: GraphQLClient
) -> None:
    answer = await client.post_raw(PUBLIC, token=stack.token("fan", filler="x" * 20_000))
    assert 400 <= answer.status < 500


async def test_garbage_for_a_token_is_refused(client: GraphQLClient) -> None:
    for token in ("x", "a.b.c", "=", "e30.e30.e30"):
        answer = await client.post_raw(PUBLIC, token=token)
        assert answer.status < 500
        assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["UNAUTHENTICATED"]


async def test_public_things_need_no_token(client: GraphQLClient) -> None:
    assert "errors" not in (await client.post_raw(PUBLIC)).json()
    assert (await client.post_raw(PRIVATE)).json()["data"] == {"viewer": None}


async def test_a_subgraph_answers_the_router_only(stack: RunningStack) -> None:
    for service in ("users", "campaigns", "entries", "codes"):
        async with GraphQLClient(f"{stack.url(service)}/graphql") as direct:
            answer = await direct.post_raw(b'{"query":"{ __typename }"}', token=stack.token("admin"))
            assert answer.status == 401


async def test_a_backend_answers_its_own_tiers_only(stack: RunningStack) -> None:
    for service in ("users", "campaigns", "entries", "codes"):
        process, prefix = (f"{service}-backend", "") if stack.state.split else (service, "/backend")
        async with GraphQLClient(f"{stack.url(process)}{prefix}/snapshots/campaigns") as direct:
            answer = await direct.post_raw(b"{}", headers={"x-backend-key": "guess"})
            assert answer.status in (401, 404, 405)
