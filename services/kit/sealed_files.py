"""Files that only their own key opens: a stream of frames, each sealed by AES-GCM under its place in the file.

Whoever forgets the key has forgotten the file, wherever copies of it lie.
"""

import os
from collections.abc import AsyncIterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.kit.sealing import SealBroken

_LENGTH = 4
_KEY_BYTES = 32


class FrameSealer:
    """Seals a file's pieces in order. A key seals one file: places are what makes nonces differ."""

    def __init__(self, key: bytes | None = None) -> None:
        self.key = key or os.urandom(_KEY_BYTES)
        self._cipher = AESGCM(self.key)
        self._place = 0

    def seal(self, piece: bytes) -> bytes:
        """The next frame: length of what follows (4 bytes, big-endian), ciphertext, tag."""
        body = self._cipher.encrypt(_nonce(self._place), piece, None)
        self._place += 1
        return len(body).to_bytes(_LENGTH) + body


async def unsealed(key: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces of a file, from its bytes in chunks of any size. Raises SealBroken."""
    cipher, place, waiting = AESGCM(key), 0, b""
    async for chunk in chunks:
        waiting += chunk
        while len(waiting) >= _LENGTH:
            end = _LENGTH + int.from_bytes(waiting[:_LENGTH])
            if len(waiting) < end:
                break
            try:
                yield cipher.decrypt(_nonce(place), waiting[_LENGTH:end], None)
            except InvalidTag:
                raise SealBroken(f"frame {place} of a sealed file does not open") from None
            waiting = waiting[end:]
            place += 1
    if waiting:
        raise SealBroken("a sealed file ends in the middle of a frame")


def _nonce(place: int) -> bytes:
    return place.to_bytes(12)
