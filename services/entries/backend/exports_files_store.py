"""Writing the files of exports, and clearing them away."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import obstore
from obstore.store import ObjectStore

from services.entries.backend import exports_rules
from services.entries.backend.exports_parts_store import Parts
from services.entries.backend.exports_sources_store import Sources
from services.entries.backend.exports_store import KEY, OUTDATED
from services.kit.files import remove_torn
from services.kit.pg import Database, Queries, Row
from services.kit.sealing import Sealer
from services.kit.upstream import Upstream

q = Queries(Path(__file__).with_name("exports.sql"))
_PATIENCE_SECONDS = 300
_ROWS = 5000
_EXPIRED_AT_ONCE = 100
_KEY_BYTES = 32


class _Stopped(Exception):
    """The export was cancelled, or another attempt took over."""


class ExportFileStore:
    """Files are written under a name of their attempt and published by one guarded statement, or never seen."""

    def __init__(
        self,
        database: Database,
        files: ObjectStore,
        sealer: Sealer,
        peers: Mapping[str, Upstream],
        *,
        keep_hours: int,
    ) -> None:
        self._database = database
        self._patient = database.patient(_PATIENCE_SECONDS)
        self._sources = Sources(self._patient, peers)
        self._files = files
        self._sealer = sealer
        self._keep_hours = keep_hours

    async def write(self, export_id: str) -> None:
        """Writes an export that waits for it. The job's task: killed anywhere and run again, it starts over: all rows
        are of one moment.
        """
        await self._refuse_sharing(export_id)
        key = os.urandom(_KEY_BYTES)
        job = await self._database.fetchrow(
            q.begin_export, id=export_id, key_sealed=self._sealer.seal(key, KEY)
        )
        if job is not None:
            folder = f"{_folder(export_id)}/{job['attempt']}"
            try:
                rows, size, digest = await self._write(export_id, job, Parts(self._files, folder, key))
            except _Stopped:
                pass
            else:
                await self._database.fetchval(
                    q.publish_export,
                    id=export_id,
                    attempt=job["attempt"],
                    file=folder,
                    row_count=rows,
                    byte_size=size,
                    sha256=digest,
                    hours=self._keep_hours,
                )
                await self._refuse_sharing(export_id)  # it may have been turned off meanwhile
        await self._clear_away(export_id, keep=await self._database.fetchval(q.published_file, id=export_id))

    async def fail(self, export_id: str) -> None:
        """Gives an export up that failed again and again."""
        failure = (
            "The file could not be written. Start a new export; if that fails too, tell support this id."
        )
        await self._database.execute(q.fail_export, id=export_id, failure=failure)

    async def expire(self) -> int:
        """Removes up to a hundred files that have outlived their time, or somebody in them; answers how many."""
        due = [row["id"] for row in await self._database.fetch(q.due_exports, limit=_EXPIRED_AT_ONCE)]
        for export_id in due:
            await self._clear_away(export_id, keep=None)
        if due:
            await self._database.execute(q.expire_exports, ids=due, outdated=OUTDATED)
        return len(due)

    async def _refuse_sharing(self, export_id: str) -> None:
        failure = "The campaign's promoter gets no fan data (any more), so nothing is exported for sharing."
        await self._database.execute(q.refuse_sharing, id=export_id, failure=failure)

    async def _write(self, export_id: str, job: Row, parts: Parts) -> tuple[int, int, bytes]:
        """Rows, bytes and SHA-256 of what was written, as of one moment. Memory does not grow with the rows."""
        from services.entries.backend.exports_writer import open_writer  # see there

        header = exports_rules.columns(job["kind"], personal_data=job["personal_data"])
        writer = open_writer(job["format"], job["compression"], header)
        count = 0
        async with self._patient.transaction("repeatable_read") as connection:
            expected = await self._patient.fetchval(
                q.expected_rows, connection, kind=job["kind"], campaign_id=job["campaign_id"]
            )
            async for values in self._sources.columns(connection, job, rows=_ROWS):
                count += len(values[0])
                await parts.add(await asyncio.to_thread(writer.write, values))
                share = count / max(expected, count) if expected else 0.0
                await self._report(export_id, job["attempt"], share)
        await parts.add(await asyncio.to_thread(writer.finish))
        await self._report(export_id, job["attempt"], 1.0)
        return count, parts.size, await parts.finish()

    async def _report(self, export_id: str, attempt: int, progress: float) -> None:
        if not await self._database.fetchval(
            q.report_export, id=export_id, attempt=attempt, progress=progress
        ):
            raise _Stopped

    async def _clear_away(self, export_id: str, *, keep: str | None) -> None:
        """Removes all parts of an export but those of the published file: what stopped and dead attempts left."""
        folders: set[str] = set()
        async for found in obstore.list(self._files, prefix=_folder(export_id)):
            paths = [one["path"] for one in found]
            folders.update(path.rpartition("/")[0] for path in paths)
            gone = [path for path in paths if path.rpartition("/")[0] != keep]
            if gone:
                await obstore.delete_async(self._files, gone)
        for folder in folders:
            remove_torn(self._files, folder)


def _folder(export_id: str) -> str:
    return f"exports/{export_id}"
