import hashlib
import hmac
import time

import pytest
from pydantic import SecretStr

from services.kit.proof import RouterProof

BODY, TOKEN = b'{"query":"{ viewer { id } }"}', b"Bearer abc"


def test_the_format_is_the_documented_one() -> None:
    text = f"1700000000\n{hashlib.sha256(BODY).hexdigest()}\n{hashlib.sha256(TOKEN).hexdigest()}"
    expected = hmac.new(b"secret", text.encode(), "sha256").hexdigest()
    assert RouterProof([SecretStr("secret")]).sign(BODY, TOKEN, at=1700000000) == f"v1;1700000000;{expected}"


def test_any_configured_secret_is_accepted() -> None:
    signed = RouterProof([SecretStr("old")]).sign(BODY, TOKEN).encode()
    assert RouterProof([SecretStr("new"), SecretStr("old")]).accepts(signed, BODY, TOKEN)
    assert not RouterProof([SecretStr("new")]).accepts(signed, BODY, TOKEN)


@pytest.mark.parametrize("age", [-31, 31])
def test_a_stale_or_early_proof_is_refused(age: int) -> None:
    proof = RouterProof([SecretStr("s")])
    assert not proof.accepts(proof.sign(BODY, TOKEN, at=int(time.time()) - age).encode(), BODY, TOKEN)


@pytest.mark.parametrize(("body", "token"), [(BODY + b" ", TOKEN), (BODY, b"Bearer other"), (BODY, b"")])
def test_a_proof_is_for_one_body_and_one_token(body: bytes, token: bytes) -> None:
    proof = RouterProof([SecretStr("s")])
    assert not proof.accepts(proof.sign(BODY, TOKEN).encode(), body, token)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"v1",
        b"v1;;",
        b"v1;abc;00",
        b"v2;1;00",
        b"v1;" + b"9" * 40 + b";00",
        b"\xff;\xff;\xff",
        b"v1;NOW;\xff",
    ],
)
def test_garbage_is_refused(header: bytes) -> None:
    timely = header.replace(b"NOW", b"%d" % time.time())
    assert not RouterProof([SecretStr("s")]).accepts(timely, BODY, TOKEN)
