"""Writing the files of exports, and clearing them away."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import obstore
from obstore.store import ObjectStore

from services.entries.backend import exports_rules, rules, wire
from services.entries.backend.exports_rules import Record
from services.entries.backend.exports_store import OUTDATED
from services.entries.backend.rosters_store import facts_of
from services.kit.pg import Connection, Database, Queries, Row

q = Queries(Path(__file__).with_name("exports.sql"))
_PATIENCE_SECONDS = 300
_ROWS = 5000
_EXPIRED_AT_ONCE = 100


class _Stopped(Exception):
    """The export was cancelled, or another attempt took over."""


class ExportFileStore:
    """Files are written under a name of their attempt and published by one guarded statement, or never seen."""

    def __init__(self, database: Database, files: ObjectStore, keep_hours: int) -> None:
        self._database = database
        self._patient = database.patient(_PATIENCE_SECONDS)
        self._files = files
        self._keep_hours = keep_hours

    async def write(self, export_id: str) -> None:
        """Writes an export that waits for it. The job's task: killed anywhere and run again, it starts over."""
        await self._refuse_sharing(export_id)
        job = await self._database.fetchrow(q.begin_export, id=export_id)
        if job is not None:
            file = f"{_folder(export_id)}/{job['attempt']}.{exports_rules.EXTENSIONS[job['format']]}"
            try:
                rows, size, digest = await self._write(export_id, job, file)
            except _Stopped:
                pass
            else:
                await self._database.fetchval(
                    q.publish_export,
                    id=export_id,
                    attempt=job["attempt"],
                    file=file,
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

    async def _write(self, export_id: str, job: Row, file: str) -> tuple[int, int, bytes]:
        """Rows, bytes and SHA-256 of what was written, as of one moment. Memory does not grow with the rows."""
        kind, format_ = job["kind"], job["format"]
        present = _presenter(kind, msgspec.convert(job["document"], wire.CampaignSnapshot))
        digest = hashlib.sha256()
        count = size = 0
        writer = obstore.open_writer_async(self._files, file)
        async with self._patient.transaction("repeatable_read") as connection:
            expected = await self._patient.fetchval(
                q.expected_rows, connection, kind=kind, campaign_id=job["campaign_id"]
            )
            piece = exports_rules.head(kind, format_)
            async for rows in self._rows(connection, job):
                piece += await asyncio.to_thread(_render, format_, present, rows)
                digest.update(piece)
                size += len(piece)
                count += len(rows)
                await writer.write(piece)
                piece = b""
                await self._report(export_id, job["attempt"], count / max(expected, count))
            digest.update(piece)
            await writer.write(piece)
            size += len(piece)
        await self._report(export_id, job["attempt"], 1.0)
        await writer.close()
        return count, size, digest.digest()

    def _rows(self, connection: Connection, job: Row) -> AsyncIterator[list[Row]]:
        query = q.exported_selections if job["kind"] == "SELECTIONS" else q.exported_entries
        return self._patient.stream(
            query,
            connection,
            rows=_ROWS,
            campaign_id=job["campaign_id"],
            states=job["states"],
            sharing=job["purpose"] == "SHARING",
        )

    async def _report(self, export_id: str, attempt: int, progress: float) -> None:
        if not await self._database.fetchval(
            q.report_export, id=export_id, attempt=attempt, progress=progress
        ):
            raise _Stopped

    async def _clear_away(self, export_id: str, *, keep: str | None) -> None:
        """Removes all files of an export but the published one: those of stopped and dead attempts."""
        async for found in obstore.list(self._files, prefix=_folder(export_id)):
            paths = [one["path"] for one in found if one["path"] != keep]
            if paths:
                await obstore.delete_async(self._files, paths)


def _folder(export_id: str) -> str:
    return f"exports/{export_id}"


def _render(format_: str, present: Callable[[Row], Record], rows: list[Row]) -> bytes:
    return exports_rules.lines(format_, map(present, rows))


def _presenter(kind: str, campaign: wire.CampaignSnapshot) -> Callable[[Row], Record]:
    """What makes a record of a row."""
    markets = {market.id: market.name for market in campaign.markets}
    if kind == "ENTRIES":
        return lambda row: exports_rules.entry_record(row, markets)
    if kind == "SELECTIONS":
        events = {event.id: event.name for event in campaign.events}
        return lambda row: exports_rules.selection_record(row, markets, events)
    terms = rules.Terms.of(campaign)

    def eligibility(row: Row) -> Record:
        reasons = rules.eligibility(terms, facts_of(row), entry_state=row["state"], score=row["score"])
        return exports_rules.eligibility_record(row, [reason.code for reason in reasons])

    return eligibility
