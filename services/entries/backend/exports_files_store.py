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
            folder = _folder(export_id, job["attempt"])
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
        await self._clear_away(export_id)

    async def fail(self, export_id: str) -> None:
        """Gives an export up that failed again and again."""
        failure = (
            "The file could not be written. Start a new export; if that fails too, tell support this id."
        )
        await self._database.execute(q.fail_export, id=export_id, failure=failure)
        await self._clear_away(export_id)

    async def expire(self) -> int:
        """Removes up to a hundred files that have outlived their time, or somebody in them; answers how many."""
        due = [row["id"] for row in await self._database.fetch(q.due_exports, limit=_EXPIRED_AT_ONCE)]
        for export_id in due:
            await self._remove(await self._parts_of(export_id))
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

    async def _clear_away(self, export_id: str) -> None:
        """Removes the parts that stopped and dead attempts left."""
        found = await self._parts_of(
            export_id
        )  # first, so that no part of an attempt that begins meanwhile is among them
        needed = await self._database.fetchval(q.needed_attempt, id=export_id)
        keep = needed and _folder(export_id, needed) + "/"
        await self._remove([path for path in found if not keep or not path.startswith(keep)])

    async def _parts_of(self, export_id: str) -> list[str]:
        listed = obstore.list(self._files, prefix=f"exports/{export_id}")
        return [one["path"] async for some in listed for one in some]

    async def _remove(self, parts: list[str]) -> None:
        if parts:
            await obstore.delete_async(self._files, parts)
        for folder in {path.rpartition("/")[0] for path in parts}:
            remove_torn(self._files, folder)


def _folder(export_id: str, attempt: int) -> str:
    return f"exports/{export_id}/{attempt}"
