"""Who is calling: OIDC access tokens, verified by every subgraph for itself."""

import asyncio
import base64
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import httpx
import jwt
import orjson

from services.kit.errors import Unavailable
from services.kit.ids import user_id
from services.kit.telemetry import log

_ALGORITHMS = ["RS256", "ES256"]
_LEEWAY_SECONDS = 30
_MAX_TOKEN = 8192
_REFETCH_COOLDOWN_SECONDS = 10.0
_REFRESH_SECONDS = 300.0
_CACHED_TOKENS = 10_000


class BadToken(Exception):
    """The bearer token does not prove who is calling. The message says why in words that help no forger."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller. `claims` are the token's, for facts the issuer vouches for (email, country, member_id)."""

    user_id: str
    issuer: str
    subject: str
    claims: dict[str, Any] = field(repr=False)

    @property
    def issued_at(self) -> int:
        """When the token was issued, in seconds since 1970; 0 when it does not say: older than any erasure."""
        claimed = self.claims.get("iat")
        return int(claimed) if isinstance(claimed, int | float) and 0 <= claimed < 2**40 else 0

    @property
    def is_service(self) -> bool:
        """Whether a service account calls (a client-credentials token), never a fan."""
        return _speaks_for_itself(self.claims, self.subject)


@dataclass(slots=True)
class _Issuer:
    url: str
    keys: dict[str, jwt.PyJWK] = field(default_factory=dict[str, jwt.PyJWK])
    fetched_at: float = float("-inf")
    tried_at: float = float("-inf")
    missed_at: float = float("-inf")
    fetching: asyncio.Task[None] | None = None


class TokenVerifier:
    """Verifies access tokens of the configured issuers.

    Keys come from each issuer's discovery document and are kept as last known good: an issuer that is down
    does not lock out tokens of known keys. An unknown `kid` is looked for by a fetch that all who wait share, so a key
    that the issuer signs with from now on is known at once. If it stays unknown it is a BadToken (never a 5xx), and
    nobody looks again during a cool-down: made-up keys cost the issuer one fetch each ten seconds.
    """

    def __init__(
        self, issuers: Sequence[str], audience: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._issuers = {url.rstrip("/"): _Issuer(url.rstrip("/")) for url in issuers}
        self._audience = audience
        self._client = httpx.AsyncClient(transport=transport, timeout=3.0, trust_env=False)
        self._verified: dict[str, tuple[Principal, float]] = {}

    async def authenticate(self, authorization: bytes | None) -> Principal | None:
        """The caller behind an Authorization header; None without one. Raises BadToken."""
        if authorization is None:
            return None
        scheme, _, token = authorization.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise BadToken("The Authorization header must be 'Bearer <token>'.")
        known = self._verified.get(token)
        if known is not None and known[1] > time.time():
            return known[0]
        principal, expires = await self._verify(token.strip())
        self._remember(token, principal, expires)
        return principal

    async def warm_up(self) -> None:
        """Fetches every issuer's keys. Raises Unavailable when none can be had."""
        await asyncio.gather(*(self._fetch(issuer) for issuer in self._issuers.values() if not issuer.keys))
        if not all(issuer.keys for issuer in self._issuers.values()):
            raise Unavailable("no keys from the identity provider yet")

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _verify(self, token: str) -> tuple[Principal, float]:
        if len(token) > _MAX_TOKEN:
            raise BadToken("The token is too long.")
        header, claims, signed, signature = _parse(token)
        issuer = self._issuers.get(str(claims.get("iss", "")).rstrip("/"))
        if issuer is None:
            raise BadToken("The token's issuer is not accepted here.")
        if header.get("alg") not in _ALGORITHMS or "crit" in header or not isinstance(header.get("kid"), str):
            raise BadToken("The token must be signed with RS256 or ES256 and name its key.")
        key = await self._key(issuer, header["kid"])
        if key.algorithm_name != header["alg"]:
            raise BadToken("The token's algorithm is not its key's.")
        if not key.Algorithm.verify(signed, key.key, signature):
            raise BadToken("The token's signature is not its issuer's.")
        expires = _check_claims(claims, self._audience)
        subject: str = claims["sub"]
        return Principal(user_id(issuer.url, subject), issuer.url, subject, claims), expires

    async def _key(self, issuer: _Issuer, kid: str) -> jwt.PyJWK:
        if kid not in issuer.keys:
            await self._look_for(issuer, kid)
        elif _is_over(issuer.fetched_at, _REFRESH_SECONDS) and _is_over(
            issuer.tried_at, _REFETCH_COOLDOWN_SECONDS
        ):
            self._start_fetch(issuer)
        key = issuer.keys.get(kid)
        if key is None:
            raise BadToken("The token's key is not known.")
        return key

    async def _look_for(self, issuer: _Issuer, kid: str) -> None:
        if issuer.fetching is not None:
            await asyncio.shield(issuer.fetching)  # it may have been asked before the issuer had this key
        if kid not in issuer.keys and _is_over(issuer.missed_at, _REFETCH_COOLDOWN_SECONDS):
            await self._fetch(issuer)
            if kid not in issuer.keys:
                issuer.missed_at = time.monotonic()

    async def _fetch(self, issuer: _Issuer) -> None:
        await asyncio.shield(issuer.fetching or self._start_fetch(issuer))

    def _start_fetch(self, issuer: _Issuer) -> asyncio.Task[None]:
        if issuer.fetching is None:
            issuer.tried_at = time.monotonic()
            issuer.fetching = asyncio.create_task(self._refresh(issuer))
        return issuer.fetching

    async def _refresh(self, issuer: _Issuer) -> None:
        try:
            discovery = (
                (await self._client.get(f"{issuer.url}/.well-known/openid-configuration"))
                .raise_for_status()
                .json()
            )
            if str(discovery["issuer"]).rstrip("/") != issuer.url:
                raise ValueError("the discovery document is another issuer's")
            document = (await self._client.get(discovery["jwks_uri"])).raise_for_status().json()
            keys = {key.key_id: key for key in _usable(document) if key.key_id}
        except (
            httpx.HTTPError,
            httpx.InvalidURL,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            jwt.PyJWTError,
        ) as error:
            log.warning(
                "keys not fetched, keeping the last known", issuer=issuer.url, reason=type(error).__name__
            )
        else:
            if keys:
                issuer.keys = keys
                issuer.fetched_at = time.monotonic()
                self._verified.clear()
        finally:
            issuer.fetching = None

    def _remember(self, token: str, principal: Principal, expires: float) -> None:
        if len(self._verified) >= _CACHED_TOKENS:
            self._verified.clear()
        self._verified[token] = (principal, expires)


def _is_over(since: float, seconds: float) -> bool:
    return time.monotonic() - since > seconds


def _parse(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Header, claims, what is signed, and the signature: read once, where the library would read each thrice."""
    signed, _, signature = token.rpartition(".")
    head, _, body = signed.partition(".")
    try:
        header, claims = orjson.loads(_decode(head)), orjson.loads(_decode(body))
        given = _decode(signature)
    except ValueError:
        raise BadToken("The token is malformed.") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise BadToken("The token is malformed.")
    return header, claims, signed.encode(), given


def _decode(text: str) -> bytes:
    """Raises ValueError for anything but unpadded base64url."""
    if "=" in text:
        raise ValueError("padded")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _check_claims(claims: dict[str, Any], audience: str) -> float:
    """When a token with these claims ceases to count, in seconds since the epoch. Raises BadToken."""
    now = time.time()
    expires, begins, subject = claims.get("exp"), claims.get("nbf", 0), claims.get("sub")
    if not _is_moment(expires) or not _is_moment(begins):
        raise BadToken("The token does not say from when to when it is valid.")
    if now >= expires + _LEEWAY_SECONDS:
        raise BadToken("The token has expired.")
    if now < begins - _LEEWAY_SECONDS:
        raise BadToken("The token is not valid yet.")
    audiences = claims.get("aud")
    if audiences != audience and not (isinstance(audiences, list) and audience in audiences):
        raise BadToken("The token is not meant for this API.")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable():
        raise BadToken("The token's subject is not valid.")
    return float(expires) + _LEEWAY_SECONDS


def _speaks_for_itself(claims: dict[str, Any], subject: str) -> bool:
    """Whether no person is behind a token. There is no one claim for that; this knows the usual providers':
    the client is the subject (RFC 9068 `client_id`, `azp`; Okta's `cid`), Auth0's grant type, the name that Keycloak
    gives a client's account, Microsoft Entra's `idtyp`.
    """
    return (
        subject in (claims.get("client_id"), claims.get("azp"), claims.get("cid"))
        or claims.get("gty") in ("client-credentials", ["client-credentials"])
        or str(claims.get("preferred_username", "")).lower().startswith("service-account-")
        or claims.get("idtyp") == "app"
    )


def _is_moment(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _usable(document: dict[str, Any]) -> list[jwt.PyJWK]:
    keys: list[jwt.PyJWK] = []
    for entry in document["keys"]:
        if entry.get("use", "sig") != "sig" or entry.get("kty") not in ("RSA", "EC"):
            continue
        try:
            key = jwt.PyJWK(
                entry, algorithm=entry.get("alg") or ("RS256" if entry["kty"] == "RSA" else "ES256")
            )
        except jwt.PyJWTError:
            continue
        if key.algorithm_name in _ALGORITHMS:
            keys.append(key)
    return keys
