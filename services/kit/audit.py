"""What every admin mutation leaves behind: who did what to which thing, published to the User Service's
hash-chained log.

`audited` is how staff write: what was done and the event that tells of it exist together or not at all.
"""

import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from services.kit.ids import new_id
from services.kit.telemetry import request_id


class AuditEvent(msgspec.Struct, frozen=True):
    """One admin action. Digests are SHA-256 of the thing before and after, null where there was nothing."""

    id: str
    team_id: str
    campaign_id: str | None
    actor: str
    action: str
    target: str
    before: str | None
    after: str | None
    at: datetime
    request_id: str | None


def audit_event(
    *,
    team_id: str,
    campaign_id: str | None,
    actor: str,
    action: str,
    target: str,
    before: Any = None,
    after: Any = None,
) -> AuditEvent:
    """An event for `outbox.publish(connection, "audit", [event])`; `action` is the mutation's name,
    `target` the thing's id.
    """
    return AuditEvent(
        id=new_id("aud"),
        team_id=team_id,
        campaign_id=campaign_id,
        actor=actor,
        action=action,
        target=target,
        before=_digest(before),
        after=_digest(after),
        at=datetime.now(UTC),
        request_id=request_id.get(),
    )


class Transactions(Protocol):
    """What can open a transaction: a `services.kit.pg.Database`."""

    def transaction(self) -> AbstractAsyncContextManager[Any]: ...


class Trail(Protocol):
    """Where messages go: the outbox, or the User Service's own log, which takes events of topic `audit` itself."""

    async def publish(self, connection: Any, topic: str, messages: Iterable[Any]) -> list[str]: ...

    async def deliver(self, ids: Sequence[str]) -> None: ...


class Audited:
    """An open transaction of `actor`. `note` leaves an audit event in it, `publish` any other message."""

    def __init__(self, connection: Any, trail: Trail, actor: str) -> None:
        self.connection = connection
        self.actor = actor
        self.published: list[str] = []
        self._trail = trail

    async def note(
        self,
        action: str,
        target: str,
        *,
        team_id: str,
        campaign_id: str | None = None,
        before: Any = None,
        after: Any = None,
    ) -> None:
        """Tells that `action` (the mutation's name) was done to `target` (an id); `before` and `after` are digested."""
        event = audit_event(
            team_id=team_id,
            campaign_id=campaign_id,
            actor=self.actor,
            action=action,
            target=target,
            before=before,
            after=after,
        )
        await self.publish("audit", [event])

    async def publish(self, topic: str, messages: Iterable[Any]) -> None:
        """Publishes messages that are delivered together with the audit events."""
        self.published += await self._trail.publish(self.connection, topic, messages)


@asynccontextmanager
async def audited(database: Transactions, trail: Trail, actor: str) -> AsyncIterator[Audited]:
    """A transaction that commits at the end; then what it published is delivered, now or by the worker."""
    async with database.transaction() as connection:
        transaction = Audited(connection, trail, actor)
        yield transaction
    if transaction.published:
        await trail.deliver(transaction.published)


def _digest(value: Any) -> str | None:
    return (
        None
        if value is None
        else hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()
    )
