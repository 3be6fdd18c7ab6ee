"""The attack list: only the good token authenticates, everything else is a BadToken, never another exception."""

import time

import pytest

from services.kit.auth import BadToken, TokenVerifier
from services.kit.ids import user_id
from tests.support import issuer

FORGE = issuer.forge("ann")
ATTACKS = FORGE.attacks()


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
