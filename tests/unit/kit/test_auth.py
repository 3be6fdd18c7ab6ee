"""The attack list: only the good token authenticates, everything else is a BadToken, never another exception."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import RSAAlgorithm

from services.kit.auth import BadToken, TokenVerifier
from services.kit.ids import user_id
from tests.support import issuer

NOW = int(time.time())
other_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def raw(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"x") -> str:
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def good_claims() -> dict[str, Any]:
    return jwt.decode(issuer.token("ann"), options={"verify_signature": False})


def hs256_with_the_public_key() -> str:
    public = (
        issuer._key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    import hmac

    head = raw({"alg": "HS256", "kid": "test-key"}, good_claims()).rpartition(".")[0]
    signature = base64.urlsafe_b64encode(hmac.digest(public, head.encode(), "sha256")).decode().rstrip("=")
    return f"{head}.{signature}"


def tampered() -> str:
    header, _, signature = issuer.token("ann").split(".")
    claims = (
        base64.urlsafe_b64encode(json.dumps({**good_claims(), "sub": "eve"}).encode()).decode().rstrip("=")
    )
    return f"{header}.{claims}.{signature}"


ATTACKS: dict[str, Callable[[], str]] = {
    **{
        f"alg {alg!r}": lambda alg=alg: raw({"alg": alg, "kid": "test-key"}, good_claims(), b"")
        for alg in ("none", "None", "NONE", "nOnE", "", None, 1, ["RS256"])
    },
    "HS256 with the public key": hs256_with_the_public_key,
    "signed by another key": lambda: jwt.encode(
        good_claims(), other_key, "RS256", headers={"kid": "test-key"}
    ),
    "ES256 under an RSA kid": lambda: jwt.encode(
        good_claims(), ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"kid": "test-key"}
    ),
    "own jwk": lambda: jwt.encode(
        good_claims(),
        other_key,
        "RS256",
        headers={
            "kid": "test-key",
            "jwk": RSAAlgorithm.to_jwk(other_key.public_key(), as_dict=True),
        },
    ),
    "own jku": lambda: jwt.encode(
        good_claims(), other_key, "RS256", headers={"kid": "test-key", "jku": "http://evil.test/jwks"}
    ),
    "own x5u": lambda: jwt.encode(
        good_claims(), other_key, "RS256", headers={"kid": "test-key", "x5u": "http://evil.test/cert"}
    ),
    "tampered": tampered,
    "expired": lambda: issuer.token("ann", exp=NOW - 31),
    "not yet valid": lambda: issuer.token("ann", nbf=NOW + 3600),
    "no exp": lambda: issuer.token("ann", exp=None),
    "no sub": lambda: issuer.token("ann", sub=None),
    "empty sub": lambda: issuer.token(""),
    "sub that no database keeps": lambda: issuer.token("ann\0"),
    "sub that no text can be": lambda: issuer.token("ann\ud800"),
    "no kid": lambda: jwt.encode(good_claims(), issuer._key(), "RS256"),
    "unknown kid": lambda: issuer.token("ann", headers={"kid": "nope"}),
    "exp true": lambda: issuer.token("ann", exp=True),
    "nbf not a number": lambda: raw({"alg": "RS256", "kid": "test-key"}, {**good_claims(), "nbf": "0"}),
    "junk in the signature": lambda: issuer.token("ann")[:-4] + "!!!!",
    "junk around the signature": lambda: issuer.token("ann") + "!",
    "padded": lambda: issuer.token("ann") + "==",
    "aud an object": lambda: raw(
        {"alg": "RS256", "kid": "test-key"}, {**good_claims(), "aud": {"monoql": 1}}
    ),
    "aud a list of others": lambda: issuer.token("ann", aud=["a", "b"]),
    "no aud": lambda: issuer.token("ann", aud=None),
    "wrong aud": lambda: issuer.token("ann", aud="other"),
    "wrong iss": lambda: issuer.token("ann", iss="http://evil.test"),
    "no iss": lambda: issuer.token("ann", iss=None),
    "iss not text": lambda: raw({"alg": "RS256", "kid": "test-key"}, {**good_claims(), "iss": {"a": 1}}),
    "unknown crit": lambda: issuer.token("ann", headers={"crit": ["x"], "x": 1}),
    "10 KB": lambda: issuer.token("ann", filler="x" * 10_000),
    "exp not a number": lambda: issuer.token("ann", exp="soon"),
    "exp infinite": lambda: raw({"alg": "RS256", "kid": "test-key"}, {**good_claims(), "exp": 1e400}),
    "not base64": lambda: "a!.b!.c!",
    "two parts": lambda: "a.b",
    "four parts": lambda: issuer.token("ann") + ".x",
    "header not an object": lambda: raw([1], good_claims()),  # type: ignore[arg-type]
    "deep header": lambda: base64.urlsafe_b64encode(b"[" * 3000).decode() + ".e30.x",
    "not ascii": lambda: "Bearer ünïcode",
}


@pytest.fixture
async def verifier() -> TokenVerifier:
    return TokenVerifier([issuer.ISSUER], issuer.AUDIENCE, transport=issuer.transport())


@pytest.mark.parametrize("name", ATTACKS)
async def test_a_forged_or_broken_token_is_refused(verifier: TokenVerifier, name: str) -> None:
    with pytest.raises(BadToken) as error:
        await verifier.authenticate(f"Bearer {ATTACKS[name]()}".encode())
    assert len(str(error.value)) < 100


async def test_the_good_token_authenticates(verifier: TokenVerifier) -> None:
    principal = await verifier.authenticate(f"Bearer {issuer.token('ann')}".encode())
    assert principal is not None
    assert principal.user_id == user_id(issuer.ISSUER, "ann")
    assert principal.claims["email"] == "ann@example.com"


async def test_one_of_several_audiences_is_enough(verifier: TokenVerifier) -> None:
    assert await verifier.authenticate(
        f"Bearer {issuer.token('ann', aud=['other', issuer.AUDIENCE])}".encode()
    )


async def test_leeway_is_at_most_30_seconds(verifier: TokenVerifier) -> None:
    assert await verifier.authenticate(f"Bearer {issuer.token('ann', exp=int(time.time()) - 20)}".encode())


@pytest.mark.parametrize("header", [b"Bearer", b"Bearer ", b"Basic YTpi", b"token", b""])
async def test_a_header_that_is_no_bearer_token_is_refused(verifier: TokenVerifier, header: bytes) -> None:
    with pytest.raises(BadToken):
        await verifier.authenticate(header)


async def test_no_header_is_anonymous(verifier: TokenVerifier) -> None:
    assert await verifier.authenticate(None) is None


class CountingIssuer:
    """The issuer, counting key fetches, and able to go down."""

    def __init__(self) -> None:
        self.fetches = 0
        self.down = False
        self._real = issuer.transport()

    def transport(self) -> httpx.MockTransport:
        async def answer(request: httpx.Request) -> httpx.Response:
            if self.down:
                raise httpx.ConnectError("down")
            self.fetches += request.url.path == "/jwks"
            return await self._real.handle_async_request(request)

        return httpx.MockTransport(answer)


async def test_many_unknown_kids_make_one_fetch() -> None:
    counting = CountingIssuer()
    verifier = TokenVerifier([issuer.ISSUER], issuer.AUDIENCE, transport=counting.transport())
    for number in range(20):
        with pytest.raises(BadToken):
            await verifier.authenticate(
                f"Bearer {issuer.token('ann', headers={'kid': f'kid-{number}'})}".encode()
            )
    assert counting.fetches == 1


async def test_known_keys_go_on_working_while_the_issuer_is_down() -> None:
    counting = CountingIssuer()
    verifier = TokenVerifier([issuer.ISSUER], issuer.AUDIENCE, transport=counting.transport())
    await verifier.warm_up()
    counting.down = True
    assert await verifier.authenticate(f"Bearer {issuer.token('ann')}".encode())
    with pytest.raises(BadToken):
        await verifier.authenticate(f"Bearer {issuer.token('ann', headers={'kid': 'new'})}".encode())
