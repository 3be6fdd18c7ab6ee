"""A third party that tests cannot have: an OIDC issuer, in-process, with discovery, keys and any token one asks for."""

import time
from functools import cache
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from tests.support.forged_tokens import Forge

ISSUER = "http://issuer.test"
AUDIENCE = "monoql"


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def token(subject: str, *, headers: dict[str, Any] | None = None, **claims: Any) -> str:
    """A valid token for `subject`; claims and headers override, None removes a claim."""
    now = int(time.time())
    body = {
        "iss": ISSUER,
        "sub": subject,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 3600,
        "email": f"{subject}@example.com",
        "email_verified": True,
        "country": "US",
        "member_id": f"member-{subject}",
        **claims,
    }
    payload = {name: value for name, value in body.items() if value is not None}
    return jwt.encode(payload, _key(), "RS256", headers={"kid": "test-key", **(headers or {})})


def forge(subject: str) -> Forge:
    """This issuer's key, in the hands of whoever tries to get in as `subject`."""
    return Forge(_key(), "test-key", jwt.decode(token(subject), options={"verify_signature": False}))


def transport() -> httpx.MockTransport:
    """The issuer's two documents."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/.well-known/openid-configuration":
            return httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"})
        public = RSAAlgorithm.to_jwk(_key().public_key(), as_dict=True)
        return httpx.Response(
            200, json={"keys": [{**public, "kid": "test-key", "use": "sig", "alg": "RS256"}]}
        )

    return httpx.MockTransport(answer)
