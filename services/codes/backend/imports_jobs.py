"""The job that reads a file of codes into its pool."""

from itertools import islice

import asyncpg

from services.codes.backend import rules
from services.codes.backend.imports_store import ImportStore

CHUNK = 5000


async def read(store: ImportStore, import_id: str) -> None:
    """Adds every good line of the file to the pool and notes every bad one, a chunk at a time.

    Each chunk is one transaction that also notes how far the file is read: killed anywhere and run again, it goes
    on from there.
    """
    while file := await store.file(import_id):
        line = file.line
        lines = (each for each in rules.read_file(file.text) if each.number > file.line)
        while chunk := list(islice(lines, CHUNK)):
            try:
                taken = await store.take(import_id, file.pool_id, line, chunk)
            except asyncpg.UniqueViolationError:
                taken = False  # another pool got one of these codes a moment ago: the next look tells which
            if not taken:
                break
            line = chunk[-1].number
        else:
            await store.finish(import_id)
