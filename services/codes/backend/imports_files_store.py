"""Files of codes as they lie under FILES_URL: unpacked as they are read, within bounds."""

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import Any

import obstore
import zstandard
from obstore.store import ObjectStore

from services.codes.backend.imports_rules import LineReader, Unreadable
from services.codes.backend.rules import Line

_PIECE = 256 * 1024
_MOST_UNPACKED = 512 * 1024 * 1024
_MOST_WINDOW = 128 * 1024 * 1024
_BROKEN = (EOFError, OSError, zlib.error, zstandard.ZstdError)


class CodeFile:
    """The lines of one file, to be read in a thread. Plain, gzip or zstd, at most 512 MiB unpacked."""

    def __init__(self, files: ObjectStore, key: str) -> None:
        try:
            self._packed: Any = obstore.open_reader(files, key, buffer_size=_PIECE)
        except FileNotFoundError:
            raise Unreadable("The file is gone. Upload it again.") from None

    @property
    def position(self) -> int:
        """How many bytes of the packed file are read."""
        return self._packed.tell()

    def lines(self) -> Iterator[Line]:
        """The file's lines, bad ones with their problem. Raises Unreadable where it does not go on."""
        reader, unpacked = LineReader(), 0
        source = self._unpacked()
        while piece := _next(source):
            unpacked += len(piece)
            if unpacked > _MOST_UNPACKED:
                raise Unreadable(f"The file unpacks to more than {_MOST_UNPACKED // 1024**2} MiB. Split it.")
            yield from reader.feed(piece)
        yield from reader.close()

    def _unpacked(self) -> Any:
        head = bytes(self._packed.read(4))
        self._packed.seek(0)
        raw: Any = _Raw(self._packed)
        if head.startswith(b"\x1f\x8b"):
            return gzip.GzipFile(fileobj=raw, mode="rb")
        if head == b"\x28\xb5\x2f\xfd":
            unpacker = zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW)
            return unpacker.stream_reader(raw, read_size=_PIECE, read_across_frames=True)
        return raw


class _Raw(io.RawIOBase):
    """The object store's reader as the unpackers want it."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return bytes(self._reader.read(size))


def _next(source: Any) -> bytes:
    try:
        return source.read(_PIECE)
    except _BROKEN:
        raise Unreadable("The file is damaged: it stops in the middle, or does not unpack.") from None
