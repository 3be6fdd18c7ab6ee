"""Uploads: promised, looked at, taken, expired. Typed twins of `uploads.sql`; bytes are in `uploads_files_store.py`."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from services.campaigns.backend import uploads_wire as u
from services.campaigns.backend.uploads_files_store import UploadFiles
from services.kit import idempotency, jobs
from services.kit.audit import Audited, audited
from services.kit.errors import Invalid, Issue, NotFound
from services.kit.ids import new_id
from services.kit.outbox import Outbox
from services.kit.pg import Connection, Database, Queries, Row

q = Queries(Path(__file__).with_name("uploads.sql"))
_LINK_SECONDS = 1800
_AT_ONCE = 100


class UploadStore:
    """The uploads of the database. A file under a link is taken once, by one statement, whoever sends it how often."""

    def __init__(self, database: Database, outbox: Outbox, files: UploadFiles, keep_hours: int) -> None:
        self._database = database
        self._outbox = outbox
        self._files = files
        self._keep_hours = keep_hours

    async def create(self, actor: str, new: u.NewUpload) -> u.UploadAnswer:
        """Promises an upload and makes its link. Raises NotFound, IdempotencyMismatch."""
        async with audited(self._database, self._outbox, actor) as transaction:
            upload_id, replayed = await idempotency.once(
                self._database,
                transaction.connection,
                actor=actor,
                operation="createUpload",
                key=new.idempotency_key,
                payload=msgspec.structs.replace(new, idempotency_key=None),
                returns=str,
                action=lambda: self._create(transaction, new),
            )
        [upload] = await self.uploads([upload_id])
        return u.UploadAnswer(upload, replayed)

    async def uploads(self, ids: Sequence[str]) -> list[u.Upload]:
        """The uploads of these ids, as far as they exist."""
        rows = await self._database.fetch(q.uploads_by_id, ids=list(ids))
        return [await self._upload(row) for row in rows]

    async def awaited(self, upload_id: str) -> int:
        """How many bytes may arrive under the link of an upload. Raises NotFound once it is used or too old."""
        size = await self._database.fetchval(q.awaited_upload, id=upload_id)
        if size is None:
            raise _used()
        return size

    async def receive(self, upload_id: str, received: str) -> None:
        """Takes what arrived as `received` and has it checked. Removes it and raises NotFound if another was first."""
        if not await self._take(upload_id, received):
            await self._files.discard(received)
            raise _used()

    async def use_as_hero(self, connection: Connection, campaign_id: str, upload_id: str | None) -> None:
        """Makes a checked picture of the campaign's team its hero image, or takes it off. Raises Invalid."""
        await self._database.execute(
            q.release_hero,
            connection,
            campaign_id=campaign_id,
            upload_id=upload_id,
            keep_hours=self._keep_hours,
        )
        if upload_id is not None:
            used = await self._database.fetchval(
                q.hold_hero, connection, campaign_id=campaign_id, upload_id=upload_id
            )
            if used is None:
                message = (
                    "This is no picture of the campaign's team that is READY. Upload one, and wait for it."
                )
                raise Invalid([Issue(["hero_upload_id"], "NOT_READY", message)])
        await self._database.execute(q.set_hero, connection, campaign_id=campaign_id, upload_id=upload_id)

    async def look_for_arrivals(self) -> int:
        """Takes what was sent straight to the object store, which tells nobody; answers how many that were."""
        if not self._files.are_signed_by_the_store:
            return 0
        awaited = [row["id"] for row in await self._database.fetch(q.awaited_uploads, limit=_AT_ONCE)]
        arrived = [(id_, key) for id_ in awaited if (key := await self._files.arrived(id_))]
        return sum([await self._take(id_, key) for id_, key in arrived])

    async def check(self, upload_id: str) -> None:
        """Checks what arrived and publishes it or says why not. The job's task: killed anywhere and run again, it
        starts over.
        """
        row = await self._database.fetchrow(q.received_upload, id=upload_id)
        if row is not None:
            verdict = await self._files.check(
                upload_id, row["purpose"], row["received"], row["declared_size"]
            )
            if verdict.refusal is not None:
                await self.reject(upload_id, verdict.refusal.code, verdict.refusal.message)
            else:
                await self._database.fetchval(
                    q.publish_upload,
                    id=upload_id,
                    file=verdict.file,
                    content_type=verdict.content_type,
                    byte_size=verdict.byte_size,
                    sha256=verdict.sha256,
                    keep_hours=self._keep_hours,
                )
        await self._clear(upload_id)

    async def reject(self, upload_id: str, code: str, message: str) -> None:
        """Gives an upload up, if it still waits to be checked."""
        await self._database.execute(q.reject_upload, id=upload_id, code=code, message=message)

    async def expire(self) -> int:
        """Ends unused links and unused files, and removes what is left of them; answers how many uploads that were."""
        expired = await self._database.fetch(q.expire_uploads, limit=_AT_ONCE)
        uncleared = await self._database.fetch(q.uncleared_uploads, limit=_AT_ONCE)
        for row in uncleared:
            if await self._clear(row["id"]):
                await self._database.execute(q.mark_cleared, id=row["id"])
        return len(expired) + len(uncleared)

    async def _create(self, transaction: Audited, new: u.NewUpload) -> str:
        upload_id = new_id("upl")
        team_id = await self._database.fetchval(
            q.insert_upload,
            transaction.connection,
            id=upload_id,
            purpose=new.purpose,
            team_id=new.team_id,
            campaign_id=new.campaign_id,
            owner_id=transaction.actor,
            filename=new.filename,
            declared_type=new.content_type,
            declared_size=new.byte_size,
            link_seconds=_LINK_SECONDS,
        )
        if team_id is None:
            raise NotFound("There is no campaign under this id.")
        await transaction.note(
            "createUpload", upload_id, team_id=team_id, campaign_id=new.campaign_id, after=new
        )
        return upload_id

    async def _take(self, upload_id: str, received: str) -> bool:
        async with self._database.transaction() as connection:
            taken = await self._database.fetchval(
                q.receive_upload, connection, id=upload_id, received=received
            )
            if taken:
                await jobs.defer(
                    connection,
                    "campaigns:upload",
                    queue="campaigns",
                    lock="campaigns:upload",
                    upload_id=upload_id,
                )
        return bool(taken)

    async def _clear(self, upload_id: str) -> bool:
        """Removes all but the published file of a settled upload; false when it is not settled yet."""
        settled = await self._database.fetchrow(q.kept_file, id=upload_id)
        if settled is None:
            return False
        await self._files.clear(upload_id, keep=settled["file"])
        return True

    async def _upload(self, row: Row) -> u.Upload:
        pending, ready = row["state"] == "PENDING", row["state"] == "READY"
        is_public = ready and row["purpose"] == "HERO_IMAGE"
        return u.Upload(
            id=row["id"],
            purpose=row["purpose"],
            state=row["state"],
            team_id=row["team_id"],
            campaign_id=row["campaign_id"],
            owner_id=row["owner_id"],
            filename=row["filename"],
            file=row["file"],
            byte_size=row["byte_size"],
            content_type=row["content_type"],
            sha256=row["sha256"] and row["sha256"].hex(),
            upload_url=await self._files.link(row["id"], int(row["link_seconds"])) if pending else None,
            url=self._files.public_url(row["file"]) if is_public else None,
            failure_code=row["failure_code"],
            failure=row["failure"],
            created_at=row["created_at"],
            link_expires_at=row["link_expires_at"],
            expires_at=row["expires_at"],
        )


def _used() -> NotFound:
    return NotFound("This link was used already, or is too old. Create a new upload.")
