"""Where keys come from: several issuers, keys that rotate under load, issuers that are down, slow or wrong."""

import asyncio
import itertools
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from services.kit.auth import BadToken, TokenVerifier
from services.kit.ids import user_id
from tests.support.issuer import AUDIENCE


@dataclass
class RotatingIssuer:
    """An issuer that signs with its newest key and publishes those in `published`. Its answers take a moment."""

    url: str = "http://rotating.test"
    down: bool = False
    fetches: int = 0
    overrides: dict[str, Any] = field(default_factory=dict[str, Any])
    keys: dict[str, ec.EllipticCurvePrivateKey] = field(default_factory=dict[str, ec.EllipticCurvePrivateKey])

    def __post_init__(self) -> None:
        self.published: list[str] = []
        self.rotate(keep=0)

    def rotate(self, *, keep: int) -> None:
        """Signs with a new key from now on, and publishes it beside the last `keep` ones."""
        kid = f"key-{len(self.keys)}"
        self.keys[kid] = ec.generate_private_key(ec.SECP256R1())
        self.published = [*self.published[len(self.published) - keep :], kid]

    def token(self, subject: str = "ann", *, kid: str | None = None) -> str:
        name = kid or [*self.keys][-1]
        key = self.keys.get(name) or ec.generate_private_key(ec.SECP256R1())
        claims = {"iss": self.url, "sub": subject, "aud": AUDIENCE, "exp": int(time.time()) + 600}
        return jwt.encode(claims, key, "ES256", headers={"kid": name})

    async def answer(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("down")
        if request.url.path.endswith("/.well-known/openid-configuration"):
            return httpx.Response(
                200, json={"issuer": self.url, "jwks_uri": f"{self.url}/jwks", **self.overrides}
            )
        self.fetches += 1
        document = [
            {**ECAlgorithm.to_jwk(self.keys[kid].public_key(), as_dict=True), "kid": kid, "use": "sig"}
            for kid in self.published
        ]
        for _ in range(5):  # others run while the answer is on its way
            await asyncio.sleep(0)
        return httpx.Response(200, json={"keys": document})


def verifier_of(*issuers: RotatingIssuer) -> TokenVerifier:
    async def answer(request: httpx.Request) -> httpx.Response:
        [issuer] = [each for each in issuers if str(request.url).startswith(each.url)]
        return await issuer.answer(request)

    return TokenVerifier([each.url for each in issuers], AUDIENCE, transport=httpx.MockTransport(answer))


async def accepted(verifier: TokenVerifier, token: str) -> bool:
    try:
        return await verifier.authenticate(f"Bearer {token}".encode()) is not None
    except BadToken:
        return False


@pytest.mark.parametrize("overlap", [True, False], ids=["as issuers do", "negative control"])
async def test_keys_rotate_under_load_without_one_failed_request(overlap: bool) -> None:
    """Tokens of the new key from the moment it signs, and of the old one that is still published."""
    issuer = RotatingIssuer()
    verifier = verifier_of(issuer)
    await verifier.warm_up()
    numbers = itertools.count()
    results: list[bool] = []
    done = asyncio.Event()

    async def fan() -> None:
        old = issuer.token(f"fan-{next(numbers)}")
        while not done.is_set():
            fresh = issuer.token(f"fan-{next(numbers)}")
            results.extend([await accepted(verifier, token) for token in (fresh, old)])
            old = fresh
            await asyncio.sleep(0)

    fans = [asyncio.create_task(fan()) for _ in range(20)]
    for rotation in range(6):
        wanted = len(results) + 80
        while len(results) < wanted:
            await asyncio.sleep(0)
        assert issuer.fetches <= 1 + 2 * rotation
        issuer.rotate(keep=2 if overlap else 0)
    done.set()
    await asyncio.gather(*fans)
    assert all(results) is overlap


async def test_made_up_keys_cost_one_fetch_each_cool_down(monkeypatch: pytest.MonkeyPatch) -> None:
    issuer = RotatingIssuer()
    verifier = verifier_of(issuer)
    await verifier.warm_up()
    clock = [time.monotonic()]
    monkeypatch.setattr("services.kit.auth.time.monotonic", lambda: clock[-1])
    for cool_down in range(1, 4):
        forged = [issuer.token(kid=f"made-up-{n}") for n in range(30)]
        assert not any(await asyncio.gather(*(accepted(verifier, token) for token in forged)))
        assert issuer.fetches == 1 + cool_down
        clock.append(clock[-1] + 11)


async def test_a_withdrawn_key_is_refused_once_keys_are_fetched_again() -> None:
    issuer = RotatingIssuer()
    verifier = verifier_of(issuer)
    stolen = issuer.token("eve")
    assert await accepted(verifier, stolen)
    issuer.rotate(keep=0)
    assert await accepted(verifier, issuer.token())
    assert not await accepted(verifier, stolen), "also from the memory of verified tokens"


async def test_while_the_issuer_is_down_known_keys_work_and_unknown_ones_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    issuer = RotatingIssuer()
    verifier = verifier_of(issuer)
    await verifier.warm_up()
    issuer.down = True
    monkeypatch.setattr("services.kit.auth._REFRESH_SECONDS", -1.0)
    for number in range(5):
        assert await accepted(verifier, issuer.token(f"fan-{number}"))
    issuer.rotate(keep=1)
    assert not await accepted(verifier, issuer.token())
    issuer.down = False
    later = time.monotonic() + 11
    monkeypatch.setattr("services.kit.auth.time.monotonic", lambda: later)
    assert await accepted(verifier, issuer.token())


async def test_several_issuers_at_once_each_with_keys_of_its_own() -> None:
    one, two = RotatingIssuer("http://one.test"), RotatingIssuer("http://two.test/realms/fans")
    verifier = verifier_of(one, two)
    ids: set[str] = set()
    for issuer in (one, two):
        principal = await verifier.authenticate(f"Bearer {issuer.token('ann')}".encode())
        assert principal is not None
        assert principal.user_id == user_id(issuer.url, "ann")
        ids.add(principal.user_id)
    assert len(ids) == 2, "the same subject of another issuer is somebody else"
    one.keys = two.keys
    assert not await accepted(verifier, one.token()), "one's name under two's signature"


async def test_one_issuer_that_is_down_does_not_lock_out_the_fans_of_another() -> None:
    one, two = RotatingIssuer("http://one.test", down=True), RotatingIssuer("http://two.test")
    verifier = verifier_of(one, two)
    assert not await accepted(verifier, one.token())
    assert await accepted(verifier, two.token())


@pytest.mark.parametrize("url", ["http://one.test", "http://one.test/"])
async def test_an_issuer_may_end_in_a_slash_or_not(url: str) -> None:
    issuer = RotatingIssuer("http://one.test", overrides={"issuer": "http://one.test/"})
    verifier = TokenVerifier([url], AUDIENCE, transport=httpx.MockTransport(issuer.answer))
    assert await accepted(verifier, issuer.token())


@pytest.mark.parametrize(
    "overrides",
    [
        {"issuer": "http://evil.test"},
        {"jwks_uri": None},
        {"jwks_uri": "not a url"},
        {"jwks_uri": "http://rotating.test:port/jwks"},
        {"jwks_uri": 7},
    ],
)
async def test_a_discovery_document_that_is_not_the_issuers_is_not_followed(
    overrides: dict[str, Any],
) -> None:
    issuer = RotatingIssuer(overrides=overrides)
    verifier = TokenVerifier([issuer.url], AUDIENCE, transport=httpx.MockTransport(issuer.answer))
    assert not await accepted(verifier, issuer.token())
