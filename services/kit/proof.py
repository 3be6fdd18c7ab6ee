"""How tiers prove themselves to each other: the router to a subgraph, a caller to a backend."""

import hashlib
import hmac
import time
from collections.abc import Sequence

from pydantic import SecretStr

HEADER = b"x-router-proof"
_WINDOW_SECONDS = 30
_NO_TOKEN = hashlib.sha256(b"").hexdigest()


class RouterProof:
    """Signs and checks `v1;<unix seconds>;<hex HMAC over time, body hash and token hash>`.

    The first secret signs, any verifies, so that a secret can be rotated without a gap.
    """

    def __init__(self, secrets: Sequence[SecretStr]) -> None:
        self._secrets = [secret.get_secret_value().encode() for secret in secrets]

    def sign(self, body: bytes, authorization: bytes = b"", at: int | None = None) -> str:
        moment = int(time.time()) if at is None else at
        return f"v1;{moment};{_signature(self._secrets[0], moment, body, authorization)}"

    def accepts(self, header: bytes, body: bytes, authorization: bytes) -> bool:
        """Whether `header` proves that the router sent this body with this token within the last 30 seconds."""
        version, _, rest = header.decode("latin-1").partition(";")
        stamp, _, given = rest.partition(";")
        if version != "v1" or not rest.isascii() or not stamp.isdigit() or len(stamp) > 12:
            return False
        if abs(time.time() - int(stamp)) > _WINDOW_SECONDS:
            return False
        return any(
            hmac.compare_digest(_signature(secret, int(stamp), body, authorization), given)
            for secret in self._secrets
        )


class BackendKey:
    """The shared key that callers of a backend send as `x-backend-key`."""

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        self._keys = [key.get_secret_value().encode() for key in keys]
        self.value = self._keys[0].decode()

    def accepts(self, given: bytes) -> bool:
        return any(hmac.compare_digest(key, given) for key in self._keys)


def _signature(secret: bytes, moment: int, body: bytes, authorization: bytes) -> str:
    token = hashlib.sha256(authorization).hexdigest() if authorization else _NO_TOKEN
    text = f"{moment}\n{hashlib.sha256(body).hexdigest()}\n{token}"
    return hmac.digest(secret, text.encode(), "sha256").hex()
