"""Export jobs: asked for, looked at, stopped. Typed twins of `exports.sql`; writing is in `exports_files_store.py`."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from services.entries.backend import exports_wire as x
from services.kit import idempotency, jobs
from services.kit.audit import Audited, audited
from services.kit.errors import DomainError, IllegalTransition, Invalid, Issue, NotFound
from services.kit.files import FileTokens
from services.kit.ids import new_id
from services.kit.outbox import Outbox
from services.kit.pg import Database, Queries, Row

q = Queries(Path(__file__).with_name("exports.sql"))
OUTDATED = (
    "Somebody in this file has opted out of sharing, or was erased, since it was written. Start a new export."
)
KEY = "export_job.key"
_LINK_SECONDS = 3600
_NO_STATES = Issue(
    ["filter", "states"], "NOT_FOR_CODES", "Codes have no entry states: leave filter.states out."
)


class SharingNotAllowed(DomainError):
    """Fans' data of this campaign is handed to nobody: it has no promoter, or one that gets none."""

    code = "SHARING_NOT_ALLOWED"

    def __init__(self) -> None:
        super().__init__(
            "The campaign's promoter gets no fan data. Export for INTERNAL use, or have the promoter share."
        )


class Times(NamedTuple):
    """Seconds from the request to the file; `per_100k` is the slowest pace of a large one. 0 where there was none."""

    newest: float
    longest: float
    per_100k: float


class ExportStore:
    """Exports of campaigns. `public_url` is what the outside calls the router: links are made with it."""

    def __init__(self, database: Database, outbox: Outbox, tokens: FileTokens, public_url: str) -> None:
        self._database = database
        self._outbox = outbox
        self._tokens = tokens
        self._files_url = f"{public_url.rstrip('/')}/files/entries/"

    async def start(self, actor: str, new: x.NewExport) -> x.ExportAnswer:
        """Queues an export. Raises NotFound, SharingNotAllowed, Invalid, IdempotencyMismatch."""
        async with audited(self._database, self._outbox, actor) as transaction:
            export_id, replayed = await idempotency.once(
                self._database,
                transaction.connection,
                actor=actor,
                operation="startExport",
                key=new.idempotency_key,
                payload=msgspec.structs.replace(new, idempotency_key=None),
                returns=str,
                action=lambda: self._start(transaction, new),
            )
        return x.ExportAnswer(await self.export(export_id), replayed)

    async def cancel(self, actor: str, export_id: str) -> x.ExportAnswer:
        """Stops an export; one that is stopped stays so. Raises NotFound, IllegalTransition."""
        async with audited(self._database, self._outbox, actor) as transaction:
            row = await self._database.fetchrow(q.cancel_export, transaction.connection, id=export_id)
            if row is not None:
                await transaction.note("cancelExport", export_id, **row, after={"state": "CANCELLED"})
        export = await self.export(export_id)
        if export.state != "CANCELLED":
            raise IllegalTransition(export.state, "CANCELLED")
        return x.ExportAnswer(export, replayed=row is None)

    async def export(self, export_id: str) -> x.Export:
        """One export. Raises NotFound."""
        found = await self.exports([export_id])
        if not found:
            raise NotFound("There is no such export.")
        return found[0]

    async def exports(self, ids: Sequence[str]) -> list[x.Export]:
        """The exports of these ids, as far as they exist."""
        return [self._export(row) for row in await self._database.fetch(q.exports_by_id, ids=list(ids))]

    async def exports_of_campaigns(self, campaign_ids: Sequence[str]) -> list[x.Export]:
        """The last hundred exports of each campaign, newest first."""
        rows = await self._database.fetch(q.exports_of_campaigns, ids=list(campaign_ids))
        return [self._export(row) for row in rows]

    async def downloadable(self, export_id: str) -> Row:
        """A published export with its `file`, its `format` and whose it is. Raises NotFound."""
        rows = await self._database.fetch(q.exports_by_id, ids=[export_id])
        if rows and rows[0]["outdated"]:
            raise NotFound(OUTDATED)
        if not rows or rows[0]["state"] != "SUCCEEDED" or rows[0]["expired"] or rows[0]["withheld"]:
            raise NotFound("The file is not there any more. Start a new export.")
        return rows[0]

    async def note_download(self, export: Row) -> None:
        """Tells the audit log that a file leaves, in the name of whoever asked for it: it is her link."""
        async with audited(self._database, self._outbox, export["requested_by"]) as transaction:
            await transaction.note(
                "downloadExport",
                export["id"],
                team_id=export["team_id"],
                campaign_id=export["campaign_id"],
                after={"sha256": export["sha256"].hex(), "rows": export["row_count"]},
            )

    async def times(self) -> Times:
        """How long exports of the last day took."""
        [row] = await self._database.fetch(q.export_times)
        return Times(**row)

    async def _start(self, transaction: Audited, new: x.NewExport) -> str:
        if new.kind == "CODES" and new.states is not None:
            raise Invalid([_NO_STATES])
        export_id = new_id("exp")
        team_id = await self._database.fetchval(
            q.insert_export,
            transaction.connection,
            id=export_id,
            campaign_id=new.campaign_id,
            kind=new.kind,
            format=new.format,
            compression=new.compression or ("ZSTD" if new.format == "PARQUET" else "NONE"),
            purpose=new.purpose,
            personal_data=new.personal_data,
            states=new.states,
            requested_by=transaction.actor,
        )
        if team_id is None:
            if await self._database.fetchval(q.knows_campaign, transaction.connection, id=new.campaign_id):
                raise SharingNotAllowed
            raise NotFound("There is no such campaign.")
        await jobs.defer(
            transaction.connection,
            "entries:export",
            queue="entries",
            lock="entries:export",
            export_id=export_id,
        )
        await transaction.note(
            "startExport", export_id, team_id=team_id, campaign_id=new.campaign_id, after=new
        )
        return export_id

    def _export(self, row: Row) -> x.Export:
        state = "EXPIRED" if row["expired"] or row["outdated"] else row["state"]
        url: str | None = None
        if state == "SUCCEEDED" and not row["withheld"]:
            seconds = min(_LINK_SECONDS, int(row["seconds_left"]))
            url = self._files_url + self._tokens.issue(row["id"], seconds)
        return x.Export(
            id=row["id"],
            campaign_id=row["campaign_id"],
            team_id=row["team_id"],
            kind=row["kind"],
            format=row["format"],
            compression=row["compression"],
            purpose=row["purpose"],
            personal_data=row["personal_data"],
            state=state,
            progress=row["progress"],
            row_count=row["row_count"],
            byte_size=row["byte_size"],
            sha256=row["sha256"] and row["sha256"].hex(),
            download_url=url,
            created_at=row["created_at"],
            finished_at=row["finished_at"],
            expires_at=row["expires_at"],
            failure=OUTDATED if row["outdated"] else row["failure"],
        )
