"""Tokens of fans: signed once, kept, and never used twice against the same stack."""

from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from scripts.devtools.load.fans import FanTokens
from scripts.devtools.tokens import Mint


@pytest.fixture(scope="module")
def mint() -> Mint:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return Mint("http://issuer.test", "monoql", key, "k1")


def subjects(tokens: list[bytes]) -> list[str]:
    return [jwt.decode(token, options={"verify_signature": False})["sub"] for token in tokens]


def test_each_token_is_another_fans_also_over_several_runs(mint: Mint, tmp_path: Path) -> None:
    first = FanTokens(mint, tmp_path, "a").take(3)
    second = FanTokens(mint, tmp_path, "a").take(2)

    assert subjects(first + second) == [f"fan-{number:06}" for number in range(1, 6)]


def test_another_stack_takes_the_same_tokens_again(mint: Mint, tmp_path: Path) -> None:
    first = FanTokens(mint, tmp_path, "a").take(3)

    assert FanTokens(mint, tmp_path, "b").take(2) == first[:2]
    assert FanTokens(mint, tmp_path, "b").take(2)[:1] == first[2:]


def test_tokens_that_expire_soon_are_signed_anew(
    mint: Mint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = FanTokens(mint, tmp_path, "a").take(2)
    monkeypatch.setattr("scripts.devtools.load.fans._LEAST_LIFETIME_SECONDS", 13 * 3600)

    fresh = FanTokens(mint, tmp_path, "a").take(1)

    assert subjects(fresh) == subjects(first[:1])
    assert len(next(tmp_path.glob("*.txt")).read_text().splitlines()) == 1


def test_the_tokens_of_another_issuer_are_kept_apart(mint: Mint, tmp_path: Path) -> None:
    FanTokens(mint, tmp_path, "a").take(1)
    other = Mint("http://other.test", mint.audience, mint.key, mint.kid)

    (token,) = FanTokens(other, tmp_path, "a").take(1)

    assert jwt.decode(token, options={"verify_signature": False})["iss"] == "http://other.test"


def test_only_their_owner_can_read_them(mint: Mint, tmp_path: Path) -> None:
    FanTokens(mint, tmp_path, "a").take(1)

    assert next(tmp_path.glob("*.txt")).stat().st_mode & 0o077 == 0
