"""The bytes of uploads: what arrives is quarantined, checked, and written anew; nothing else ever leaves.

`quarantine/<upload>/…` holds what strangers sent, `uploads/<upload>/…` what we made of it. Nothing is served or handed
on from the first.
"""

import asyncio
import hashlib
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import obstore
from obstore.store import AzureStore, GCSStore, ObjectStore, S3Store

from services.campaigns.backend import pictures_rules
from services.campaigns.backend.uploads_rules import Refused, TextCheck
from services.kit.errors import NotFound
from services.kit.files import FileTokens, read, remove_torn

_PIECE = 256 * 1024
_PICTURE = re.compile(r"(upl_[0-9a-z]{26})-[0-9a-f]{32}\.(jpg|png|webp)")


@dataclass(frozen=True)
class Verdict:
    """What came of a check: the new file and what describes it, or the refusal."""

    refusal: Refused | None = None
    file: str = ""
    content_type: str = ""
    byte_size: int = 0
    sha256: bytes = b""


class UploadFiles:
    """The object store as uploads use it; `public_url` is what the outside calls the router."""

    def __init__(self, files: ObjectStore, tokens: FileTokens, public_url: str) -> None:
        self._files = files
        self._tokens = tokens
        self._base = f"{public_url.rstrip('/')}/files/campaigns/"
        self.are_signed_by_the_store = isinstance(files, S3Store | AzureStore | GCSStore)

    async def link(self, upload_id: str, seconds: int) -> str:
        """Where the file may be PUT, for so many seconds: at the object store where it can sign, else here."""
        if self.are_signed_by_the_store:
            store: Any = self._files
            return await obstore.sign_async(
                store, "PUT", _sent_directly(upload_id), timedelta(seconds=seconds)
            )
        return self._base + self._tokens.issue(f"put:{upload_id}", seconds)

    def upload_of(self, token: str) -> str:
        """The upload whose link ends in this token. Raises NotFound."""
        kind, _, upload_id = self._tokens.subject(token).partition(":")
        if kind != "put":
            raise NotFound("This link is not valid.")
        return upload_id

    def public_url(self, file: str) -> str:
        """Where everybody finds a checked picture, for good: its name changes with its bytes."""
        return self._base + file.rpartition("/")[2]

    async def arrived(self, upload_id: str) -> str | None:
        """The key of what was PUT straight to the object store, if something was."""
        key = _sent_directly(upload_id)
        try:
            await obstore.head_async(self._files, key)
        except FileNotFoundError:
            return None
        return key

    async def quarantine(self, upload_id: str, pieces: AsyncIterator[bytes]) -> str:
        """Writes what arrives under a new key. Whatever `pieces` raises leaves nothing behind."""
        key = f"quarantine/{upload_id}/{secrets.token_hex(8)}"
        await obstore.put_async(self._files, key, pieces)
        return key

    async def discard(self, key: str) -> None:
        """Removes one object."""
        await obstore.delete_async(self._files, key)

    async def check(self, upload_id: str, purpose: str, received: str, declared_size: int) -> Verdict:
        """The verdict on what arrived, with the checked file written already.

        It is read once, and what is written is what was read: a link that is used again changes nothing.
        """
        try:
            size = (await obstore.head_async(self._files, received))["size"]
            if size != declared_size:
                message = f"{declared_size:,} bytes were announced and {size:,} arrived. Create a new upload."
                raise Refused("SIZE_MISMATCH", message)
            if purpose == "HERO_IMAGE":
                return await self._check_picture(upload_id, received, declared_size)
            return await self._check_table(upload_id, received, declared_size)
        except (FileNotFoundError, NotFound):
            # Where another check was first, its verdict stands: this one changes nothing any more.
            return Verdict(Refused("LOST", "What arrived is not there any more. Create a new upload."))
        except Refused as refusal:
            return Verdict(refusal)

    async def clear(self, upload_id: str, *, keep: str | None) -> None:
        """Removes everything of an upload but the file to keep."""
        for folder in (f"quarantine/{upload_id}", f"uploads/{upload_id}"):
            async for found in obstore.list(self._files, prefix=folder):
                paths = [one["path"] for one in found if one["path"] != keep]
                if paths:
                    await obstore.delete_async(self._files, paths)
            await asyncio.to_thread(remove_torn, self._files, folder)

    async def picture(self, name: str) -> tuple[int, str, AsyncIterator[bytes]]:
        """Size, content type and bytes of a public picture. Raises NotFound."""
        parsed = _PICTURE.fullmatch(name)
        if parsed is None:
            raise NotFound("There is no such picture.")
        key = f"uploads/{parsed[1]}/{name}"
        try:
            size = (await obstore.head_async(self._files, key))["size"]
        except FileNotFoundError:
            raise NotFound("There is no such picture.") from None
        return size, pictures_rules.CONTENT_TYPES[parsed[2]], read(self._files, key)

    async def _check_picture(self, upload_id: str, received: str, most: int) -> Verdict:
        data = b"".join([piece async for piece in _capped(read(self._files, received), most)])
        picture = await asyncio.to_thread(pictures_rules.redraw, data)
        digest = hashlib.sha256(picture.data)
        file = f"uploads/{upload_id}/{upload_id}-{digest.hexdigest()[:32]}.{picture.extension}"
        await obstore.put_async(self._files, file, picture.data)
        return Verdict(None, file, picture.content_type, len(picture.data), digest.digest())

    async def _check_table(self, upload_id: str, received: str, most: int) -> Verdict:
        check, digest = TextCheck(), hashlib.sha256()
        size = 0

        async def checked() -> AsyncIterator[bytes]:
            nonlocal size
            async for piece in _capped(read(self._files, received, _PIECE), most):
                check.take(piece)
                digest.update(piece)
                size += len(piece)
                yield piece
            check.finish()

        file = f"uploads/{upload_id}/{secrets.token_hex(8)}"
        await obstore.put_async(self._files, file, checked())
        return Verdict(None, file, check.content_type, size, digest.digest())


async def _capped(pieces: AsyncIterator[bytes], most: int) -> AsyncIterator[bytes]:
    size = 0
    async for piece in pieces:
        size += len(piece)
        if size > most:
            raise Refused(
                "SIZE_MISMATCH", f"More than the announced {most:,} bytes arrived. Create a new upload."
            )
        yield piece


def _sent_directly(upload_id: str) -> str:
    return f"quarantine/{upload_id}/original"
