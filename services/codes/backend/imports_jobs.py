"""The import of a file of codes: how it starts, and the job that reads the file into its pool."""

import asyncio
from collections.abc import Iterator
from itertools import islice
from typing import Any

import asyncpg
from obstore.store import ObjectStore

from services.codes.backend import rules, wire
from services.codes.backend.imports_files_store import CodeFile
from services.codes.backend.imports_rules import Unreadable
from services.codes.backend.imports_store import Chunk, File, ImportStore
from services.codes.backend.uploads_provider import read_upload
from services.kit.errors import Invalid, Issue

CHUNK = 10_000


async def start(service: Any, actor: str, pool_id: str, new: wire.NewImport) -> wire.ImportStarted:
    """Puts a file of codes in line to be read. Raises Invalid, NotFound, Unavailable, IdempotencyMismatch."""
    if new.csv is not None and new.upload_id is None:
        return await service.imports.start(actor, pool_id, new, lines=rules.check_file(new.csv))
    if new.csv is None and new.upload_id is not None:
        pool = await service.store.pool(pool_id)
        upload = await read_upload(service.peer("campaigns"), new.upload_id, pool)
        return await service.imports.start(actor, pool_id, new, upload=upload)
    message = "Give either csv or uploadId."
    raise Invalid([Issue(["upload_id"], "NOT_ONE", message)], message)


async def read(store: ImportStore, files: ObjectStore, import_id: str) -> None:
    """Adds every good line of the file to the pool and notes every bad one, a chunk at a time.

    Each chunk is one transaction that also notes how far the file is read: killed anywhere and run again, it goes
    on from there. While a chunk is written, the next one is read and sealed.
    """
    while file := await store.file(import_id):
        try:
            finished = await _read_on(store, files, import_id, file)
        except Unreadable as error:
            await store.finish(import_id, f"{error.message} What came before is in the pool.")
            return
        if finished:
            await store.finish(import_id)


async def _read_on(store: ImportStore, files: ObjectStore, import_id: str, file: File) -> bool:
    """Reads on from where the file is; False when somebody else does, or a code came into another pool meanwhile."""
    source = await asyncio.to_thread(CodeFile, files, file.key) if file.key else None
    lines = source.lines() if source else rules.read_file(file.text or "")

    def next_chunk() -> Chunk | None:
        chosen = list(islice(_behind(lines, file.line), CHUNK))
        return store.prepare(chosen, source.position if source else 0) if chosen else None

    line = file.line
    upcoming = asyncio.ensure_future(asyncio.to_thread(next_chunk))
    try:
        while chunk := await upcoming:
            upcoming = asyncio.ensure_future(asyncio.to_thread(next_chunk))
            try:
                taken = await store.take(import_id, file.pool_id, line, chunk)
            except asyncpg.UniqueViolationError:
                taken = False  # another pool got one of these codes a moment ago: the next look tells which
            if not taken:
                return False
            line = chunk.lines[-1].number
        return True
    finally:
        await asyncio.gather(upcoming, return_exceptions=True)


def _behind(lines: Iterator[rules.Line], line: int) -> Iterator[rules.Line]:
    return (each for each in lines if each.number > line)
