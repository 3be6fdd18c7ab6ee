"""The users subgraph behind an OpenID provider that is not ours: discovery, keys, a person's token and a program's."""

from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest

from scripts.devtools.databases import ServiceDatabase
from services.kit.ids import user_id
from tests.support import issuer
from tests.support.oidc_provider import OidcProvider, start_oidc_provider
from tests.support.service import ServiceUnderTest, open_service
from tests.unit.users.test_phone import PHONE, START

VIEWER = "{ viewer { id globalUserId email country memberId } }"


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    with start_oidc_provider() as started:
        yield started


@pytest.fixture
async def users(
    database: Callable[[str], ServiceDatabase], provider: OidcProvider
) -> AsyncIterator[ServiceUnderTest]:
    async with open_service(
        "users",
        database("users").service_dsn,
        oidc_issuers=[provider.issuer],
        transports={"identity": httpx.AsyncHTTPTransport()},
    ) as service:
        yield service


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_a_person_who_signed_in_there_is_somebody_here(
    users: ServiceUnderTest, provider: OidcProvider, algorithm: str
) -> None:
    token = provider.person_token("ann", algorithm)
    assert (await users.graphql(VIEWER, token=token))["data"]["viewer"] == {
        "id": user_id(provider.issuer, "ann"),
        "globalUserId": "ann",
        "email": "ann@example.com",
        "country": "IE",
        "memberId": "member-ann",
    }
    started = await users.graphql(START, {"input": {"phone": PHONE}}, token=token)
    assert started["data"]["startPhoneVerification"]["__typename"] == "PhoneVerificationStarted"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_a_program_is_let_in_and_is_no_fan(
    users: ServiceUnderTest, provider: OidcProvider, algorithm: str
) -> None:
    token = provider.program_token(algorithm)
    viewer = (await users.graphql(VIEWER, token=token))["data"]["viewer"]
    assert (viewer["globalUserId"], viewer["email"]) == ("analytics", None)
    refused = await users.graphql(START, {"input": {"phone": PHONE}}, token=token)
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_token_of_another_issuer_is_refused(users: ServiceUnderTest, provider: OidcProvider) -> None:
    for token in (
        issuer.token("ann"),
        issuer.token("ann", iss=provider.issuer),
        issuer.token("ann", iss=provider.issuer, headers={"kid": "provider-rsa"}),
    ):
        answer = await users.post({"query": VIEWER}, token=token)
        assert answer.status_code == 401
        assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_tampered_token_is_refused(users: ServiceUnderTest, provider: OidcProvider) -> None:
    header, claims, signature = provider.person_token("ann").split(".")
    _, other_claims, _ = provider.person_token("eve").split(".")
    assert (await users.post({"query": VIEWER}, token=f"{header}.{claims}.{signature}")).status_code == 200
    forged = f"{header}.{other_claims}.{signature}"
    assert (await users.post({"query": VIEWER}, token=forged)).status_code == 401
