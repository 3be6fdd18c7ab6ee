"""The attack list: tokens that must never authenticate anybody, made for an issuer whose key the test holds."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from jwt.algorithms import RSAAlgorithm

NOW = int(time.time())
_other_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_other_jwk = {**RSAAlgorithm.to_jwk(_other_key.public_key(), as_dict=True), "kid": "eve"}
_BRANDISHED: dict[str, Any] = {
    "jwk": _other_jwk,
    "jku": "http://evil.test/jwks",
    "x5u": "http://evil.test/cert",
    "x5c": ["MIIB"],
    "x5t": "AAAA",
}


@dataclass(frozen=True)
class Forge:
    """An issuer's real key, the `kid` it is published under, and the claims of a token that would be good."""

    key: rsa.RSAPrivateKey
    kid: str
    claims: dict[str, Any]

    def signed(self, headers: dict[str, Any] | None = None, **claims: Any) -> str:
        """Signed by the issuer; None removes a claim."""
        payload = {name: value for name, value in {**self.claims, **claims}.items() if value is not None}
        return jwt.encode(payload, self.key, "RS256", headers={"kid": self.kid, **(headers or {})})

    def by_other(self, **headers: Any) -> str:
        """Signed by somebody else."""
        return jwt.encode(self.claims, _other_key, "RS256", headers={"kid": self.kid, **headers})

    def raw(self, header: Any, claims: Any, signature: bytes = b"x") -> str:
        """Not signed at all, but for these bytes."""
        parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
        return ".".join(_encode(part) for part in parts)

    def unsigned(self, **claims: Any) -> str:
        return self.raw({"alg": "RS256", "kid": self.kid}, {**self.claims, **claims})

    def hs256_with_the_public_key(self, encoding: serialization.Encoding) -> str:
        public = self.key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
        head = self.raw({"alg": "HS256", "kid": self.kid}, self.claims).rpartition(".")[0]
        return f"{head}.{_encode(hmac.digest(public, head.encode(), 'sha256'))}"

    def none_well_signed(self) -> str:
        head = self.raw({"alg": "none", "kid": self.kid}, self.claims).rpartition(".")[0]
        return f"{head}.{_encode(self.key.sign(head.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def tampered(self) -> str:
        header, _, signature = self.signed().split(".")
        return f"{header}.{_encode(json.dumps({**self.claims, 'sub': 'eve'}).encode())}.{signature}"

    def attacks(self) -> dict[str, Callable[[], str]]:
        """Every attack by its name."""
        return {
            **{
                f"alg {alg!r}": lambda alg=alg: self.raw({"alg": alg, "kid": self.kid}, self.claims, b"")
                for alg in ("none", "None", "NONE", "nOnE", "none ", "", None, 1, ["RS256"])
            },
            "no alg": lambda: self.raw({"kid": self.kid}, self.claims, b""),
            "alg none with a good signature": self.none_well_signed,
            "no signature": lambda: self.signed().rpartition(".")[0] + ".",
            "HS256 with the public key": lambda: self.hs256_with_the_public_key(serialization.Encoding.PEM),
            "HS256 with the public key's bytes": lambda: self.hs256_with_the_public_key(
                serialization.Encoding.DER
            ),
            "right key, other algorithm": lambda: jwt.encode(
                self.claims, self.key, "RS512", headers={"kid": self.kid}
            ),
            "signed by another key": self.by_other,
            "ES256 under an RSA kid": lambda: jwt.encode(
                self.claims, ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"kid": self.kid}
            ),
            **{
                f"own {name}": lambda name=name: self.by_other(**{name: _BRANDISHED[name]})
                for name in _BRANDISHED
            },
            **{
                f"own {name} under a kid of its own": lambda name=name: self.by_other(
                    **{name: _BRANDISHED[name], "kid": "eve"}
                )
                for name in ("jwk", "jku", "x5u")
            },
            "tampered": self.tampered,
            "expired": lambda: self.signed(exp=NOW - 31),
            "not yet valid": lambda: self.signed(nbf=NOW + 3600),
            "no exp": lambda: self.signed(exp=None),
            "no sub": lambda: self.signed(sub=None),
            "empty sub": lambda: self.signed(sub=""),
            "sub that no database keeps": lambda: self.signed(sub="ann\0"),
            "sub that no text can be": lambda: self.signed(sub="ann\ud800"),
            "sub that is too long": lambda: self.signed(sub="a" * 256),
            "no kid": lambda: jwt.encode(self.claims, self.key, "RS256"),
            "unknown kid": lambda: self.signed({"kid": "nope"}),
            "kid that is a path": lambda: self.by_other(kid="../../../../dev/null"),
            "kid not text": lambda: self.raw({"alg": "RS256", "kid": 7}, self.claims),
            "exp true": lambda: self.signed(exp=True),
            "nbf not a number": lambda: self.unsigned(nbf="0"),
            "junk in the signature": lambda: self.signed()[:-4] + "!!!!",
            "junk around the signature": lambda: self.signed() + "!",
            "padded": lambda: self.signed() + "==",
            "aud an object": lambda: self.unsigned(aud={"monoql": 1}),
            "aud a list of others": lambda: self.signed(aud=["a", "b"]),
            "no aud": lambda: self.signed(aud=None),
            "wrong aud": lambda: self.signed(aud="other"),
            "wrong iss": lambda: self.signed(iss="http://evil.test"),
            "iss of somebody beside it": lambda: self.signed(iss=self.claims["iss"] + "/realms/evil"),
            "no iss": lambda: self.signed(iss=None),
            "iss not text": lambda: self.unsigned(iss={"a": 1}),
            "unknown crit": lambda: self.signed({"crit": ["x"], "x": 1}),
            "empty crit": lambda: self.signed({"crit": []}),
            "10 KB": lambda: self.signed(filler="x" * 10_000),
            "exp not a number": lambda: self.unsigned(exp="soon"),
            "exp infinite": lambda: self.unsigned(exp=1e400),
            "not base64": lambda: "a!.b!.c!",
            "two parts": lambda: "a.b",
            "four parts": lambda: self.signed() + ".x",
            "five parts": lambda: "a.b.c.d.e",
            "header not an object": lambda: self.raw([1], self.claims),
            "claims not an object": lambda: self.raw({"alg": "RS256", "kid": self.kid}, "ann"),
            "deep header": lambda: _encode(b"[" * 3000) + ".e30.x",
            "not ascii": lambda: "ünïcode",
        }


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
