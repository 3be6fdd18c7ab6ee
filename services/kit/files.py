"""Private files: an object store (folder or S3 by setting) and the tokens under which a file leaves."""

import base64
import time
from collections.abc import AsyncIterator
from pathlib import Path

import obstore
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from services.kit.errors import NotFound
from services.kit.sealing import SealBroken, Sealer

_CONTEXT = "file token"


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
    """Expiring names for files that nobody else can make: sealed, so that they tell nothing either. The bearer still
    needs the subject's owner to be allowed.
    """

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def issue(self, subject: str, seconds: int) -> str:
        """A token for `subject` (an id) that works for `seconds`."""
        sealed = self._sealer.seal(f"{subject}|{int(time.time()) + seconds}", _CONTEXT)
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def subject(self, token: str) -> str:
        """The subject of a valid token. Raises NotFound for a forged or expired one."""
        try:
            sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            subject, _, expires = self._sealer.open(sealed, _CONTEXT).decode().rpartition("|")
        except (ValueError, SealBroken):
            raise NotFound("This link is not valid.") from None
        if int(expires) < time.time():
            raise NotFound("This link is not valid any more. Ask for a new one.")
        return subject
