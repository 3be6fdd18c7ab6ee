"""Private files: an object store (folder or S3 by setting) and the signed tokens under which a file leaves."""

import base64
import hmac
import time
from collections.abc import AsyncIterator
from pathlib import Path

import obstore
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from services.kit.errors import NotFound
from services.kit.sealing import LookupKey


def open_files(url: str) -> ObjectStore:
    """The store behind `FILES_URL`: a folder (made when missing), `file://`, `memory://`, or `s3://bucket/prefix`."""
    if url.startswith("memory:"):
        return MemoryStore()
    if "://" not in url or url.startswith("file://"):
        folder = Path(url.removeprefix("file://"))
        folder.mkdir(parents=True, exist_ok=True)
        return LocalStore(folder)
    return from_url(url)


async def read(store: ObjectStore, key: str, chunk_size: int = 256 * 1024) -> AsyncIterator[bytes]:
    """The object's bytes in pieces. Raises NotFound."""
    try:
        result = await obstore.get_async(store, key)
    except FileNotFoundError:
        raise NotFound("The file is gone.") from None
    async for chunk in result.stream(min_chunk_size=chunk_size):
        yield bytes(chunk)


def remove_torn(store: ObjectStore, folder: str) -> None:
    """Removes what a killed writer left behind in a folder on disk. An object store throws such pieces away itself."""
    if not isinstance(store, LocalStore) or store.prefix is None:
        return
    # Until an object is whole it is called `name#n`, which lists leave out.
    for path in (Path(store.prefix) / folder).glob("*#*"):
        path.unlink(missing_ok=True)


class FileTokens:
    """Expiring, signed names for files: `<base64url of "subject|expires">.<signature>`. The bearer still
    needs the subject's owner to be allowed.
    """

    def __init__(self, key: LookupKey) -> None:
        self._key = key

    def issue(self, subject: str, seconds: int) -> str:
        """A token for `subject` (an id) that works for `seconds`."""
        payload = f"{subject}|{int(time.time()) + seconds}"
        return f"{_b64(payload.encode())}.{_b64(self._key.digest('file', payload)[:16])}"

    def subject(self, token: str) -> str:
        """The subject of a valid token. Raises NotFound for a forged or expired one."""
        head, _, signature = token.partition(".")
        try:
            payload = _unb64(head).decode()
            given = _unb64(signature)
        except ValueError:
            raise NotFound("This link is not valid.") from None
        subject, _, expires = payload.rpartition("|")
        genuine = hmac.compare_digest(self._key.digest("file", payload)[:16], given)
        if not genuine or not expires.isdigit() or int(expires) < time.time():
            raise NotFound("This link is not valid any more. Ask for a new one.")
        return subject


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unb64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
