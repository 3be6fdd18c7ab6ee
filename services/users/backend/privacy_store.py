"""All SQL about privacy requests: typed twins of `privacy.sql`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from services.kit.errors import AccountErased, NotFound
from services.kit.files import FileTokens
from services.kit.idempotency import once
from services.kit.ids import new_id
from services.kit.pg import Connection, Database, Queries, Row
from services.kit.privacy import Erasure, Receipt
from services.kit.sealing import Sealer
from services.users.backend import privacy_wire as w

q = Queries(Path(__file__).with_name("privacy.sql"))
SERVICES = ("users", "entries", "codes", "campaigns")
"""In the order of an erasure: nobody tells of her after users, codes asks entries who has won."""
KEY = "archive.key"
_LINK_SECONDS = 600
_OPERATIONS = {"ACCESS": "requestPersonalData", "ERASURE": "requestErasure"}


class Claim(msgspec.Struct, frozen=True):
    """A request that this worker is on, as its `attempt`-th; others leave it alone while the lease is renewed."""

    id: str
    user_id: str
    locale: str | None
    attempt: int
    created_at: datetime


class PrivacyStore:
    """Requests and their receipts. `public_url` is what the outside calls the router: links are made with it."""

    def __init__(
        self, database: Database, sealer: Sealer, tokens: FileTokens, public_url: str, lease_seconds: float
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._tokens = tokens
        self._files_url = f"{public_url.rstrip('/')}/files/users/"
        self._lease_seconds = lease_seconds

    async def request(self, user_id: str, new: w.NewPrivacyRequest) -> w.PrivacyAnswer:
        """Opens a request, or answers the one under way. An erasure closes the account in the same transaction.

        Raises NotFound for who is not there yet, AccountErased, IdempotencyMismatch, Invalid.
        """
        fresh = new_id("prv")
        async with self._database.transaction() as connection:

            async def open_() -> str:
                return await self._open(connection, fresh, user_id, new)

            request_id, _ = await once(
                self._database,
                connection,
                actor=user_id,
                operation=_OPERATIONS[new.kind],
                key=new.idempotency_key,
                payload=[new.kind, new.locale],
                returns=str,
                action=open_,
            )
        [request] = await self.requests(user_id, [request_id])
        return w.PrivacyAnswer(request, replayed=request_id != fresh)

    async def requests(self, user_id: str, ids: Sequence[str] | None = None) -> list[w.PrivacyRequest]:
        """The user's own requests of these ids, or her last hundred, newest first."""
        rows = await self._database.fetch(q.requests, user_id=user_id, ids=None if ids is None else list(ids))
        return [self._request(row) for row in rows]

    async def claim(self, kind: w.Kind) -> Claim | None:
        """A request that waits, or whose worker is silent; nobody else gets it while the lease lasts."""
        row = await self._database.fetchrow(q.claim, kind=kind, lease_seconds=self._lease_seconds)
        return None if row is None else Claim(**row)

    async def renew(self, claim: Claim) -> bool:
        """Whether this attempt is still the one that counts; its lease begins anew."""
        return bool(
            await self._database.fetchval(
                q.renew, id=claim.id, attempt=claim.attempt, lease_seconds=self._lease_seconds
            )
        )

    async def postpone(self, claim: Claim) -> None:
        """Has it tried again later."""
        await self._database.execute(q.postpone, id=claim.id, attempt=claim.attempt)

    async def awaited(self, claim: Claim) -> list[str]:
        """The services whose receipt is still awaited, in the order of an erasure."""
        rows = await self._database.fetch(q.awaited_services, id=claim.id)
        return sorted((row["service"] for row in rows), key=SERVICES.index)

    async def version(self, claim: Claim) -> int:
        """A version above all that were published of her; known once users has erased her."""
        return await self._database.fetchval(q.version_of_erasure, id=claim.id)

    async def keep_receipt(self, claim: Claim, service: str, receipt: Receipt) -> None:
        """Keeps what a service answered to an erasure, and ends it if that was the last."""
        async with self._database.transaction() as connection:
            given = (receipt.record_count, bytes.fromhex(receipt.digest), receipt.at)
            await self._keep(connection, claim, {service: given})
            await self._database.fetchval(q.conclude_erasure, connection, id=claim.id)

    async def publish(
        self,
        claim: Claim,
        *,
        file: str,
        key: bytes,
        byte_size: int,
        sha256: bytes,
        hours: int,
        parts: Mapping[str, tuple[int, bytes]],
    ) -> bool:
        """Publishes an attempt's archive with each service's record count and digest, in place of earlier ones.

        False when it came too late.
        """
        async with self._database.transaction() as connection:
            published = await self._database.fetchval(
                q.publish_archive,
                connection,
                id=claim.id,
                attempt=claim.attempt,
                file=file,
                file_key_sealed=self._sealer.seal(key, KEY),
                byte_size=byte_size,
                sha256=sha256,
                hours=hours,
            )
            if published:
                receipts = {service: (count, digest, None) for service, (count, digest) in parts.items()}
                await self._keep(connection, claim, receipts)
                await self._database.execute(
                    q.replace_archives, connection, user_id=claim.user_id, id=claim.id
                )
        return bool(published)

    async def give_up(self, claim: Claim) -> None:
        """Gives an archive up that failed again and again."""
        failure = "The archive could not be put together. Ask again; if that fails too, tell support this id."
        await self._database.execute(q.give_up_archive, id=claim.id, attempt=claim.attempt, failure=failure)

    async def stale_archives(self, limit: int) -> list[str]:
        """Requests with files that nobody may have any more."""
        return [row["id"] for row in await self._database.fetch(q.stale_archives, limit=limit)]

    async def forget_archives(self, ids: Sequence[str]) -> None:
        """Marks requests whose files are gone."""
        await self._database.execute(q.forget_archives, ids=list(ids))

    async def end_archives(self, connection: Connection, erasure: Erasure) -> int:
        """Calls off, or locks for ever, the archives of somebody who is being erased; answers how many."""
        rows = await self._database.fetch(q.end_archives, connection, user_id=erasure.user_id)
        return len(rows)

    async def archives_of(self, user_id: str) -> list[str]:
        """A user's requests with files that nobody may have any more."""
        return [row["id"] for row in await self._database.fetch(q.stale_archives_of_user, user_id=user_id)]

    async def downloadable(self, request_id: str) -> tuple[str, bytes, int]:
        """A published archive: its file, its key, its size. Raises NotFound."""
        row = await self._database.fetchrow(q.published_archive, id=request_id)
        if row is None:
            raise NotFound("The archive is not there any more. Ask for your data again.")
        return row["file"], self._sealer.open(row["file_key_sealed"], KEY), row["byte_size"]

    async def overdue(self) -> int:
        """How many requests are past their day."""
        return await self._database.fetchval(q.overdue)

    async def _open(self, connection: Connection, fresh: str, user_id: str, new: w.NewPrivacyRequest) -> str:
        opened = await self._database.fetchval(
            q.open_request, connection, id=fresh, user_id=user_id, kind=new.kind, locale=new.locale
        )
        if opened:
            await self._database.execute(q.await_receipts, connection, id=fresh, services=list(SERVICES))
            if new.kind == "ERASURE":
                await self._database.execute(q.close_account, connection, id=fresh)
            return fresh
        found = await self._database.fetchval(q.latest_request, connection, user_id=user_id, kind=new.kind)
        if found is None and await self._database.fetchval(q.is_erased, connection, user_id=user_id):
            raise AccountErased
        if found is None:
            raise NotFound("There is no such user.")
        return found

    async def _keep(
        self,
        connection: Connection,
        claim: Claim,
        receipts: Mapping[str, tuple[int, bytes, datetime | None]],
    ) -> None:
        await self._database.execute(
            q.keep_receipts,
            connection,
            id=claim.id,
            services=list(receipts),
            record_counts=[count for count, _, _ in receipts.values()],
            digests=[digest for _, digest, _ in receipts.values()],
            ats=[at for _, _, at in receipts.values()],
        )

    def _request(self, row: Row) -> w.PrivacyRequest:
        state = "EXPIRED" if row["expired"] else row["state"]
        url: str | None = None
        if state == "SUCCEEDED" and row["kind"] == "ACCESS":
            seconds = min(_LINK_SECONDS, int(row["seconds_left"]))
            url = self._files_url + self._tokens.issue(row["id"], seconds)
        receipts = msgspec.convert(row["receipts"], list[w.PrivacyReceipt])
        done = sum(receipt.state == "SUCCEEDED" for receipt in receipts)
        return w.PrivacyRequest(
            id=row["id"],
            user_id=row["user_id"],
            kind=row["kind"],
            state=state,
            progress=done / len(receipts),
            receipts=receipts,
            download_url=url,
            byte_size=row["byte_size"],
            sha256=row["sha256"] and row["sha256"].hex(),
            expires_at=row["expires_at"],
            failure=row["failure"],
            created_at=row["created_at"],
            due_at=row["due_at"],
            finished_at=row["finished_at"],
        )
