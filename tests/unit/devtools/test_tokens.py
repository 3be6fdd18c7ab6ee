from pathlib import Path

import httpx
import jwt
import pytest

from scripts.devtools import personas, tokens
from scripts.devtools.identity import CLIENT_SECRET, PERSONA_GRANT, create_app
from scripts.devtools.tokens import Mint
from services.kit.ids import is_id, user_id

ISSUER = "http://127.0.0.1:4020"


@pytest.fixture(scope="module")
def mint(tmp_path_factory: pytest.TempPathFactory) -> Mint:
    key = tokens.load_key(tmp_path_factory.mktemp("identity") / "key.pem")
    return Mint(ISSUER, "monoql", key, tokens.key_id(key))


def verify(mint: Mint, token: str) -> dict[str, object]:
    key = jwt.PyJWKSet.from_dict(mint.jwks())[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(
        token,
        key,
        algorithms=["RS256"],
        audience="monoql",
        issuer=ISSUER,
        options={"require": ["exp", "iat", "sub"]},
    )


def test_a_token_says_who_the_fan_is_and_not_her_phone(mint: Mint):
    claims = verify(mint, mint.mint("fan:12"))
    assert {name: value for name, value in claims.items() if name not in {"iat", "exp"}} == {
        "iss": ISSUER,
        "sub": "fan-000012",
        "aud": "monoql",
        "email": "fan-000012@fans.example",
        "email_verified": True,
        "name": "Beau Castillo",
        "locale": "fr-CA",
        "country": "CA",
        "member_id": "M0000012",
    }


def test_fan_is_the_first_fan(mint: Mint):
    assert verify(mint, mint.mint("fan"))["sub"] == verify(mint, mint.mint("fan:1"))["sub"] == "fan-000001"


@pytest.mark.parametrize("name", personas.STAFF)
def test_staff_tokens_are_named_for_the_persona(mint: Mint, name: str):
    claims = verify(mint, mint.mint(name))
    assert claims["sub"] == name
    assert "member_id" not in claims
    assert is_id("usr", user_id(ISSUER, name))


@pytest.mark.parametrize("name", personas.SERVICE_ACCOUNTS)
def test_a_program_speaks_for_itself(mint: Mint, name: str):
    claims = verify(mint, mint.mint(name))
    assert {*claims} == {"iss", "sub", "aud", "iat", "exp", "client_id"}
    assert claims["sub"] == claims["client_id"] == name


def test_wrong_tokens_can_be_made(mint: Mint):
    with pytest.raises(jwt.ExpiredSignatureError):
        verify(mint, mint.mint("fan", expires_in=-60))
    with pytest.raises(jwt.InvalidAudienceError):
        verify(mint, mint.mint("fan", aud="somebody-else"))
    with pytest.raises(jwt.InvalidIssuerError):
        verify(mint, mint.mint("fan", iss="http://elsewhere.example"))
    with pytest.raises(jwt.MissingRequiredClaimError):
        verify(mint, mint.mint("fan", sub=None))


@pytest.mark.parametrize(
    "name", ["", "nobody", "fan:", "fan:0", "fan:x", "fan:-1", "fan:²", "fan:10000000", "admin:2"]
)
def test_an_unknown_persona_is_told_who_there_is(name: str):
    with pytest.raises(personas.UnknownPersonaError, match="choose one of fan, fan:N, admin"):
        personas.find(name)


def test_many_tokens_come_in_order(mint: Mint):
    made = mint.mint_many(450, first=5)
    assert [verify(mint, token)["sub"] for token in (made[0], made[-1])] == ["fan-000005", "fan-000454"]
    assert len(set(made)) == 450


def test_the_key_is_kept_and_private(tmp_path: Path):
    path = tmp_path / "identity" / "key.pem"
    first, second = tokens.load_key(path), tokens.load_key(path)
    assert tokens.key_id(first) == tokens.key_id(second)
    assert path.stat().st_mode & 0o077 == 0
    assert [entry.name for entry in path.parent.iterdir()] == ["key.pem"]


@pytest.mark.parametrize(
    ("form", "status", "outcome"),
    [
        ({"grant_type": PERSONA_GRANT, "persona": "editor"}, 200, "editor"),
        (
            {"grant_type": "client_credentials", "client_id": "ticketing", "client_secret": CLIENT_SECRET},
            200,
            "ticketing",
        ),
        (
            {"grant_type": "client_credentials", "client_id": "ticketing", "client_secret": "no"},
            401,
            "invalid_client",
        ),
        ({"grant_type": PERSONA_GRANT, "persona": "nobody"}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": PERSONA_GRANT, "persona": "x" * 9000}, 400, "invalid_request"),
    ],
)
async def test_the_token_endpoint(mint: Mint, form: dict[str, str], status: int, outcome: str):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(mint)), base_url=ISSUER) as client:
        response = await client.post("/token", data=form)
    assert response.status_code == status
    body = response.json()
    if status != 200:
        assert body["error"] == outcome
        return
    claims = verify(mint, body["access_token"])
    assert claims["sub"] == outcome
    assert claims.get("client_id") == form.get("client_id")
    assert ("email" in claims) is ("client_id" not in claims)


async def test_discovery_leads_to_the_keys(mint: Mint):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(mint)), base_url=ISSUER) as client:
        document = (await client.get("/.well-known/openid-configuration")).json()
        keys = (await client.get(document["jwks_uri"])).json()
        assert (await client.get("/readyz")).is_success
    assert document["issuer"] == ISSUER
    assert [(key["kid"], key["alg"]) for key in keys["keys"]] == [(mint.kid, "RS256")]
    assert "d" not in keys["keys"][0]
