"""The ledger of consents: typed twins of `consents.sql`. What was recorded is never changed; the newest row holds."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from services.kit.errors import NotFound
from services.kit.idempotency import once
from services.kit.pg import Connection, Database, Queries, Row
from services.users.backend import consents_wire as w
from services.users.backend.attempts_store import AttemptsStore

q = Queries(Path(__file__).with_name("consents.sql"))


class ConsentsStore:
    """Consents by user, campaign and purpose."""

    def __init__(self, database: Database, attempts: AttemptsStore) -> None:
        self._database = database
        self._attempts = attempts

    async def of_users(self, ids: Sequence[str]) -> list[w.Consent]:
        """What holds for these users; one statement."""
        rows = await self._database.fetch(q.consents_of_users, ids=list(ids))
        return [_consent(row) for row in rows]

    async def record(self, user_id: str, request: w.RecordConsent) -> w.ConsentAnswer:
        """Adds to the ledger; what holds already is not written again.

        Raises NotFound, RateLimited, IdempotencyMismatch.
        """
        await self._attempts.take(user_id, "CONSENT")
        async with self._database.transaction() as connection:
            kept, replayed = await once(
                self._database,
                connection,
                actor=user_id,
                operation="recordConsent",
                key=request.idempotency_key,
                payload=[request.campaign_id, request.purpose, request.granted],
                returns=w.Consent,
                action=lambda: self._record(connection, user_id, request),
            )
        return w.ConsentAnswer(kept, replayed)

    async def _record(self, connection: Connection, user_id: str, request: w.RecordConsent) -> w.Consent:
        about = {"user_id": user_id, "campaign_id": request.campaign_id, "purpose": request.purpose}
        await self._database.execute(q.lock_user, connection, user_id=user_id)
        row = await self._database.fetchrow(
            q.record_consent, connection, granted=request.granted, **about
        ) or await self._database.fetchrow(q.consent_that_holds, connection, **about)
        if row is None:
            raise NotFound("There is no such campaign. Check campaignId.", path=["campaign_id"])
        return _consent(row)


def _consent(row: Row) -> w.Consent:
    return msgspec.convert(dict(row), w.Consent)
