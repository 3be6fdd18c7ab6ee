"""SQL of voiding, replacing and expiring codes: typed twins of `voids.sql` and `expiry.sql`.

Locks are taken in one order everywhere: distribution, assignment, pool.
"""

from collections.abc import Iterable
from pathlib import Path

from services.codes.backend import rules, voids_rules
from services.codes.backend import voids_wire as wire
from services.codes.backend.redemptions_wire import RedemptionSnapshot
from services.codes.backend.store import REASON, Store
from services.codes.backend.webhooks_store import Happened, WebhookStore
from services.codes.backend.wire import Code, CodeQuestions
from services.kit.audit import Audited, audited
from services.kit.errors import NotFound
from services.kit.idempotency import once
from services.kit.outbox import Outbox
from services.kit.pg import Database, Queries, Query, Row
from services.kit.privacy import NOBODY
from services.kit.sealing import Sealer

q = Queries(Path(__file__).with_name("voids.sql"))
expiry = Queries(Path(__file__).with_name("expiry.sql"))


class VoidStore:
    """Codes whose life ends before they are used."""

    def __init__(
        self, database: Database, sealer: Sealer, outbox: Outbox, store: Store, webhooks: WebhookStore
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._outbox = outbox
        self._store = store
        self._webhooks = webhooks

    async def void(self, actor: str, code_id: str, void: wire.Void) -> wire.Voided:
        """Withdraws a code, once. Raises NotFound, NotInThisState."""
        async with audited(self._database, self._outbox, actor) as transaction:
            code = await self._code(transaction, code_id)
            held = await self._database.fetchrow(q.hold, transaction.connection, code_id=code_id)
            if held is None:
                fresh = await self._withdraw(transaction, code, void.reason)
            else:
                fresh = await self._void_held(transaction, code, held, void.reason)
            if fresh:
                await self._note(transaction, "voidCode", code, void.reason)
            code = await self._code(transaction, code_id)
        return wire.Voided(code, replayed=not fresh)

    async def reissue(self, actor: str, code_id: str, reissue: wire.Reissue) -> wire.Reissued:
        """Withdraws a code and gives its owner the next one.

        Raises NotFound, NotInThisState, InsufficientCodes, IdempotencyMismatch.
        """
        async with audited(self._database, self._outbox, actor) as transaction:
            code = await self._code(transaction, code_id)

            async def replace() -> str:
                successor = await self._replace(transaction, code, reissue.reason)
                await self._note(transaction, "reissueCode", code, reissue.reason)
                return successor

            successor, replayed = await once(
                self._database,
                transaction.connection,
                actor=actor,
                operation="reissueCode",
                key=reissue.idempotency_key,
                payload=[code_id, reissue.reason],
                returns=str,
                action=replace,
            )
            code = await self._code(transaction, successor)
        return wire.Reissued(code, replayed)

    async def expire(self, limit: int = 500) -> int:
        """Writes down what the end of a presale, or its extension, made of some codes; answers of how many."""
        return await self._write_down(expiry.expire, "EXPIRED", limit) or await self._write_down(
            expiry.unexpire, "ASSIGNED", limit
        )

    async def _write_down(self, query: Query, outcome: str, limit: int) -> int:
        async with self._database.transaction() as connection:
            rows = await self._database.fetch(query, connection, limit=limit)
            letters = await self._outbox.publish(connection, "redemption", _told(rows, outcome))
        await self._outbox.deliver(letters)
        return len(rows)

    async def _void_held(self, transaction: Audited, code: Code, held: Row, reason: str) -> bool:
        if held["state"] == "VOIDED":
            return False
        voids_rules.check_voidable(held["state"])
        rows = await self._database.fetch(
            q.void_held,
            transaction.connection,
            code_id=code.id,
            actor=transaction.actor,
            reason=self._sealer.seal(reason.strip(), REASON),
            expired=held["expired"],
        )
        await transaction.publish("redemption", _told(rows, "VOIDED"))
        await self._announce(transaction, code, held)
        return True

    async def _withdraw(self, transaction: Audited, code: Code, reason: str) -> bool:
        """Voids a code that nobody has."""
        connection = transaction.connection
        await self._store.lock_pool_of(connection, code.id)
        sealed = self._sealer.seal(reason.strip(), REASON)
        done = await self._database.fetchval(
            q.withdraw, connection, code_id=code.id, actor=transaction.actor, reason=sealed
        )
        if done is None and not await self._database.fetchval(q.is_withdrawn, connection, code_id=code.id):
            voids_rules.check_voidable("RESERVED")
        return done is not None

    async def _replace(self, transaction: Audited, code: Code, reason: str) -> str:
        connection = transaction.connection
        held = await self._database.fetchrow(q.hold, connection, code_id=code.id)
        if held is None:
            voids_rules.check_replaceable(code.state, held=False)
            raise NotFound("Nobody has this code.")
        voids_rules.check_replaceable(held["state"], superseded=held["superseded_by"] is not None)
        pool = await self._store.lock(connection, held["pool_id"])
        row = await self._database.fetchrow(
            q.replace,
            connection,
            code_id=code.id,
            pool_id=held["pool_id"],
            actor=transaction.actor,
            reason=self._sealer.seal(reason.strip(), REASON),
            counted="voided" if held["state"] == "VOIDED" else "expired" if held["expired"] else "assigned",
            nobody=NOBODY,
        )
        if row is None and not pool["available"]:
            raise rules.InsufficientCodes({code.event_id: 1})
        if row is None:
            raise NotFound("Whoever had this code has been erased.")
        await transaction.publish("redemption", _told([row], "ASSIGNED"))
        await self._announce(transaction, code, held, row["code_id"])
        return row["code_id"]

    async def _announce(
        self, transaction: Audited, code: Code, held: Row, successor: str | None = None
    ) -> None:
        """Tells partners that a code is void, unless they know, and which one took its place."""
        ids = {"selectionId": held["selection_id"], "eventId": code.event_id}
        happened: list[Happened] = []
        if held["state"] != "VOIDED":
            data = {"codeId": code.id, **ids, "supersededBy": successor}
            happened.append(Happened("code.voided", code.team_id, code.campaign_id, data))
        if successor is not None:
            data = {"codeId": successor, **ids, "waveId": held["wave_id"], "supersedes": code.id}
            happened.append(Happened("code.assigned", code.team_id, code.campaign_id, data))
        await self._webhooks.announce(transaction.connection, happened)

    async def _note(self, transaction: Audited, action: str, code: Code, reason: str) -> None:
        await transaction.note(
            action,
            code.id,
            team_id=code.team_id,
            campaign_id=code.campaign_id,
            before={"state": code.state},
            after={"state": "VOIDED", "reason": reason},
        )

    async def _code(self, transaction: Audited, code_id: str) -> Code:
        wanted = CodeQuestions(ids=[code_id])
        for code in await self._store.codes(wanted, transaction.actor, transaction.connection):
            return code
        raise NotFound("There is no such code.")


def _told(rows: Iterable[Row], outcome: str) -> list[RedemptionSnapshot]:
    """What the Entry Service is told of selections whose codes nobody has used."""
    return [RedemptionSnapshot(row["selection_id"], 0, row["version"], outcome) for row in rows]
