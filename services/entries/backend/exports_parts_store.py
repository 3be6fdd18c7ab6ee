"""The bytes of an export as objects of equal size, each sealed under the export's own key.

Not a multipart upload: what a killed writer leaves of one is in no list, while a part is an object like any other. And
whoever forgets the key has forgotten the file, wherever copies of it lie.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import obstore
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from obstore.store import ObjectStore

from services.kit.errors import NotFound
from services.kit.sealing import SealBroken

PART_BYTES = 8 * 1024 * 1024
_PIECE_BYTES = 256 * 1024


class Parts:
    """Takes a file's bytes in order and puts them away; memory does not grow with the file."""

    def __init__(self, files: ObjectStore, folder: str, key: bytes, *, part_bytes: int | None = None) -> None:
        self._files = files
        self._folder = folder
        self._cipher = AESGCM(key)
        self._part_bytes = part_bytes or PART_BYTES
        self._digest = hashlib.sha256()
        self._waiting = bytearray()
        self._parts = 0
        self.size = 0

    async def add(self, data: bytes) -> None:
        """The next bytes."""
        self.size += len(data)
        self._digest.update(data)
        self._waiting += data
        while len(self._waiting) >= self._part_bytes:
            await self._put(bytes(self._waiting[: self._part_bytes]))
            del self._waiting[: self._part_bytes]

    async def finish(self) -> bytes:
        """Puts the rest away; the SHA-256 of all."""
        if self._waiting:
            await self._put(bytes(self._waiting))
        return self._digest.digest()

    async def _put(self, part: bytes) -> None:
        sealed = await asyncio.to_thread(self._cipher.encrypt, _nonce(self._parts), part, None)
        # Created, never replaced: where a store can promise that, no second writer of an attempt gets a word in.
        await obstore.put_async(
            self._files, _name(self._folder, self._parts), sealed, mode="create", use_multipart=False
        )
        self._parts += 1


async def read_parts(
    files: ObjectStore, folder: str, key: bytes, first: int, last: int, *, part_bytes: int | None = None
) -> AsyncIterator[bytes]:
    """The bytes from `first` to `last`, both included. Raises NotFound, SealBroken."""
    cipher, part_bytes = AESGCM(key), part_bytes or PART_BYTES
    for place in range(first // part_bytes, last // part_bytes + 1):
        try:
            sealed = await (await obstore.get_async(files, _name(folder, place))).bytes_async()
        except FileNotFoundError:
            raise NotFound("The file is gone.") from None
        try:
            part = await asyncio.to_thread(cipher.decrypt, _nonce(place), bytes(sealed), None)
        except InvalidTag:
            raise SealBroken(f"part {place} of {folder} does not open") from None
        begin = place * part_bytes
        wanted = memoryview(part)[max(first - begin, 0) : last + 1 - begin]
        for start in range(0, len(wanted), _PIECE_BYTES):
            yield bytes(wanted[start : start + _PIECE_BYTES])


def _name(folder: str, place: int) -> str:
    return f"{folder}/{place:05}"


def _nonce(place: int) -> bytes:
    return place.to_bytes(12)
