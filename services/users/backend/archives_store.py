"""Writing personal-data archives, page by page and sealed, and clearing them away."""

import asyncio
import hashlib
import io
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime

import msgspec
import obstore
from obstore.store import ObjectStore

from services.kit.files import read, remove_torn
from services.kit.privacy import Collect, Collected
from services.kit.sealed_files import FrameSealer, unsealed
from services.users.backend import archives_rules
from services.users.backend.archives_rules import Part

Pages = Callable[[Collect], Awaitable[Collected]]


class _Drain(io.RawIOBase):
    """Where a zip is written to: what has been written is taken away, so that memory does not grow with it."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: bytes, /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._pieces.append(bytes(piece))
        return len(piece)

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


class Archive:
    """An archive being written to `file`: `add` each service's part, then `finish`."""

    def __init__(self, files: ObjectStore, file: str, at: datetime) -> None:
        self.file = file
        self.parts: list[Part] = []
        self._at = at
        self._drain = _Drain()
        self._zip = zipfile.ZipFile(self._drain, "w", zipfile.ZIP_DEFLATED)  # pyright: ignore[reportArgumentType]
        self._frames = FrameSealer()
        self._writer = obstore.open_writer_async(files, file)
        self._digest = hashlib.sha256()
        self.byte_size = 0

    @property
    def key(self) -> bytes:
        """What opens the file."""
        return self._frames.key

    @property
    def sha256(self) -> bytes:
        """Of the archive as it is downloaded."""
        return self._digest.digest()

    async def add(
        self, service: str, pages: Pages, user_id: str, still: Callable[[], Awaitable[None]]
    ) -> None:
        """Writes a service's records as `<service>.json`. `still` is called at every page, and stops it by raising."""
        part, digest = Part(service), hashlib.sha256()
        with self._zip.open(self._entry(part.file), "w", force_zip64=True) as entry:

            def put(piece: bytes) -> None:
                entry.write(piece)
                digest.update(piece)

            put(b'{"service": ' + msgspec.json.encode(service) + b', "records": [')
            after: str | None = None
            while True:
                page = await pages(Collect(user_id, after))
                for record in page.records:
                    put((b",\n" if part.count else b"\n") + msgspec.json.encode(record))
                    part.add(record.kind, record.data)
                await still()
                await self._flush()
                after = page.next
                if after is None:
                    break
            put(b"\n]}\n")
        part.digest = digest.hexdigest()
        self.parts.append(part)
        await self._flush()

    async def finish(self, locale: str | None) -> None:
        """Writes the readable page and closes the file."""
        self._zip.writestr(self._entry("index.html"), archives_rules.page(self.parts, locale, self._at))
        self._zip.close()
        await self._flush()
        await self._writer.close()

    async def _flush(self) -> None:
        if piece := self._drain.take():
            self._digest.update(piece)
            self.byte_size += len(piece)
            await self._writer.write(self._frames.seal(piece))

    def _entry(self, name: str) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(name, self._at.timetuple()[:6])
        entry.compress_type = zipfile.ZIP_DEFLATED
        return entry


class ArchiveFiles:
    """The files of archives, each request's under a folder of its own."""

    def __init__(self, files: ObjectStore) -> None:
        self._files = files

    def begin(self, request_id: str, attempt: int, at: datetime) -> Archive:
        """An archive of this attempt, to be written."""
        return Archive(self._files, f"{_folder(request_id)}/{attempt}.zip.sealed", at)

    def read(self, file: str, key: bytes) -> AsyncIterator[bytes]:
        """The archive as its owner gets it."""
        return unsealed(key, read(self._files, file))

    async def remove(self, request_ids: Sequence[str], *, keep: str | None = None) -> None:
        """Removes all files of these requests, but for one: those of stopped and dead attempts too."""
        for request_id in request_ids:
            async for found in obstore.list(self._files, prefix=_folder(request_id)):
                if paths := [one["path"] for one in found if one["path"] != keep]:
                    await obstore.delete_async(self._files, paths)
            await asyncio.to_thread(remove_torn, self._files, _folder(request_id))


def _folder(request_id: str) -> str:
    return f"privacy/{request_id}"
