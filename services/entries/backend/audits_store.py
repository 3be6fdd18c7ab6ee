"""Transactions of staff: what was done and the audit event that tells of it exist together or not at all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from services.kit.audit import audit_event
from services.kit.outbox import Outbox
from services.kit.pg import Connection, Database


class Audited:
    """An open transaction of `actor`; `note` leaves an audit event in it."""

    def __init__(self, connection: Connection, outbox: Outbox, actor: str) -> None:
        self.connection = connection
        self.actor = actor
        self.published: list[str] = []
        self._outbox = outbox

    async def note(
        self, action: str, target: str, *, team_id: str, campaign_id: str, after: Any = None
    ) -> None:
        """Tells that `action` (the mutation's name) was done to `target` (an id)."""
        event = audit_event(
            team_id=team_id,
            campaign_id=campaign_id,
            actor=self.actor,
            action=action,
            target=target,
            after=after,
        )
        self.published += await self._outbox.publish(self.connection, "audit", [event])


@asynccontextmanager
async def audited(database: Database, outbox: Outbox, actor: str) -> AsyncIterator[Audited]:
    """A transaction that commits at the end; then its audit events are delivered, now or by the worker."""
    async with database.transaction() as connection:
        transaction = Audited(connection, outbox, actor)
        yield transaction
    if transaction.published:
        await outbox.deliver(transaction.published)
