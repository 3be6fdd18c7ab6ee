"""Secrets at rest: AES-GCM for values that must be read back, keyed HMAC for values that are only looked up."""

import base64
import hmac
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

_NONCE = 12


class SealBroken(Exception):
    """A sealed value was altered, moved to another context, or its key is no longer configured."""


@dataclass(frozen=True)
class SealedColumn:
    """Where a service keeps sealed values: what it calls `SEALED` in `sealed_rules.py`, for the keys' rotation.

    `at_once` values are read together: fewer where they are long.
    """

    table: str
    column: str
    context: str
    at_once: int = 500

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


class Sealer:
    """Encrypts with the first of `keys` (each `id:base64url(32 bytes)`), decrypts with any.

    A sealed value is `len(id) | id | nonce | ciphertext`; `context` (say, `user.email`) is authenticated, so that
    a value copied to another column does not open.
    """

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        pairs = [key.get_secret_value().partition(":") for key in keys]
        self._keys = {name.encode(): AESGCM(_decode(value)) for name, _, value in pairs}
        self._current = next(iter(self._keys))

    @property
    def header(self) -> bytes:
        """How every value begins that is sealed with the current key: the key's id, after its length in one byte."""
        return bytes([len(self._current)]) + self._current

    @property
    def key_ids(self) -> list[str]:
        """The ids of all keys, the current one first."""
        return [name.decode() for name in self._keys]

    def seal(self, value: str | bytes, context: str) -> bytes:
        data = value.encode() if isinstance(value, str) else value
        nonce = os.urandom(_NONCE)
        body = self._keys[self._current].encrypt(nonce, data, context.encode())
        return self.header + nonce + body

    def seal_all(self, values: Sequence[str], context: str) -> list[bytes]:
        """As `seal`, for many values at once and at less than half the cost."""
        encrypt, header, about = self._keys[self._current].encrypt, self.header, context.encode()
        noise = os.urandom(_NONCE * len(values))
        nonces = [noise[at : at + _NONCE] for at in range(0, len(noise), _NONCE)]
        return [
            b"".join((header, nonce, encrypt(nonce, value.encode(), about)))
            for nonce, value in zip(nonces, values, strict=True)
        ]

    def open(self, sealed: bytes, context: str) -> bytes:
        """Raises SealBroken."""
        end = 1 + (sealed[0] if sealed else 0)
        key = self._keys.get(bytes(sealed[1:end]))
        if key is None:
            raise SealBroken(f"no key for a value of {context}")
        try:
            return key.decrypt(sealed[end : end + _NONCE], sealed[end + _NONCE :], context.encode())
        except (InvalidTag, ValueError):
            raise SealBroken(f"a value of {context} does not open") from None

    def open_text(self, sealed: bytes | None, context: str) -> str | None:
        """As `open`, for text that may be absent."""
        return None if sealed is None else self.open(sealed, context).decode()


class LookupKey:
    """Keyed HMAC-SHA256, so that equal values can be found without being stored."""

    def __init__(self, key: SecretStr) -> None:
        self._key = _decode(key.get_secret_value())

    def digest(self, kind: str, value: str) -> bytes:
        """32 bytes that depend on the key, the kind of value, and the value."""
        return hmac.digest(self._key, f"{kind}\0{value}".encode(), "sha256")

    def digests(self, kind: str, values: Iterable[str]) -> list[bytes]:
        """As `digest`, for many values of a kind, at half the cost: what key and kind come to is computed once."""
        keyed = hmac.new(self._key, f"{kind}\0".encode(), "sha256")
        found: list[bytes] = []
        for value in values:
            mac = keyed.copy()
            mac.update(value.encode())
            found.append(mac.digest())
        return found


def _decode(text: str) -> bytes:
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if len(raw) != 32:
        raise ValueError("a key must be base64url of 32 bytes")
    return raw
