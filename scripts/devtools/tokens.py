"""Access tokens of the development identity provider: its key, and signing.

The key is kept in the data directory, so that tokens outlive a restart and can be made while nothing runs.
"""

import base64
import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from scripts.devtools import personas
from scripts.devtools.personas import Persona
from scripts.devtools.settings import Settings

ALGORITHM = "RS256"
DEFAULT_LIFETIME_SECONDS = 12 * 3600
_ONE_PROCESS_SIGNS = 400

Claims = Mapping[str, object]


@dataclass(frozen=True)
class Mint:
    """Signs tokens as one issuer.

    >>> Mint.from_settings(settings).mint("fan:7", expires_in=60, aud="somebody-else")
    """

    issuer: str
    audience: str
    key: rsa.RSAPrivateKey = field(repr=False)
    kid: str

    @classmethod
    def from_settings(cls, settings: Settings) -> "Mint":
        """The identity provider of these settings, with the key of their data directory (made when missing)."""
        key = load_key(settings.data_dir / "identity" / "key.pem")
        issuer = settings.get("IDENTITY_URL") or settings.url("identity")
        return cls(issuer, settings["OIDC_AUDIENCE"], key, key_id(key))

    def mint(self, persona: str, *, expires_in: float = DEFAULT_LIFETIME_SECONDS, **claims: object) -> str:
        """A token for one persona. `claims` replace the usual ones; None leaves a claim out.

        Raises UnknownPersonaError.
        """
        return self.sign(claims_of(personas.find(persona), self.issuer, self.audience, expires_in, claims))

    def mint_many(
        self, count: int, *, first: int = 1, expires_in: float = DEFAULT_LIFETIME_SECONDS
    ) -> list[str]:
        """Tokens for fan:`first` and those after, in order; two processes sign when there are many."""
        numbers = range(first, first + count)
        if count <= _ONE_PROCESS_SIGNS:
            return self._mint_range(numbers, expires_in)
        pem = _to_pem(self.key)
        parts = [numbers[start : start + _ONE_PROCESS_SIGNS] for start in range(0, count, _ONE_PROCESS_SIGNS)]
        arguments = [(pem, self.issuer, self.audience, part, expires_in) for part in parts]
        with ProcessPoolExecutor(max_workers=2) as pool:
            return [token for tokens in pool.map(_mint_part, arguments) for token in tokens]

    def sign(self, claims: Claims, headers: Mapping[str, object] | None = None) -> str:
        """Sign any claims at all, with any further headers: for tests that need a wrong token."""
        return jwt.encode(
            dict(claims), self.key, ALGORITHM, headers={"kid": self.kid, "typ": "at+jwt", **(headers or {})}
        )

    def jwks(self) -> dict[str, list[dict[str, object]]]:
        """The public key as a JSON Web Key Set."""
        public: dict[str, object] = json.loads(RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**public, "kid": self.kid, "alg": ALGORITHM, "use": "sig"}]}

    def _mint_range(self, numbers: Sequence[int], expires_in: float) -> list[str]:
        return [
            self.sign(claims_of(personas.fan(number), self.issuer, self.audience, expires_in, {}))
            for number in numbers
        ]


def claims_of(
    persona: Persona, issuer: str, audience: str, expires_in: float, overrides: Mapping[str, object]
) -> dict[str, object]:
    """What a token says about a persona. Times are whole seconds; the phone number is never in it. Of a program it
    says in the manner of RFC 9068 that the client speaks for itself.
    """
    now = int(time.time())
    claims: dict[str, object | None] = {
        "iss": issuer,
        "sub": persona.subject,
        "aud": audience,
        "iat": min(now, now + int(expires_in)),
        "exp": now + int(expires_in),
        **({"client_id": persona.subject} if persona.service else _about_the_person(persona)),
        **overrides,
    }
    return {name: value for name, value in claims.items() if value is not None}


def _about_the_person(persona: Persona) -> dict[str, object | None]:
    return {
        "email": persona.email,
        "email_verified": True,
        "name": persona.full_name,
        "locale": persona.locale,
        "country": persona.country,
        "member_id": persona.member_id,
    }


def load_key(path: Path) -> rsa.RSAPrivateKey:
    """The signing key at `path`; made and kept there (readable by its owner only) when there is none."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.touch(mode=0o600)
        scratch.write_bytes(_to_pem(fresh))
        try:
            # Of two that make a key at the same moment, the first one's stays.
            os.link(scratch, path)
        except FileExistsError:
            pass
        finally:
            scratch.unlink()
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def key_id(key: rsa.RSAPrivateKey) -> str:
    """A short name of a key that follows from it."""
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()[:9]).decode()


def _to_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _mint_part(arguments: tuple[bytes, str, str, range, float]) -> list[str]:
    pem, issuer, audience, numbers, expires_in = arguments
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return Mint(issuer, audience, key, key_id(key))._mint_range(numbers, expires_in)  # pyright: ignore[reportPrivateUsage]
