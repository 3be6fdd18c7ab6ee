"""What every admin mutation leaves behind: who did what to which thing, published to the User Service's
hash-chained log.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

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


def _digest(value: Any) -> str | None:
    return (
        None
        if value is None
        else hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()
    )
