"""All SQL about the audit log: typed twins of `audit.sql`."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from services.kit.audit import AuditEvent
from services.kit.pg import Connection, Database, Queries, Row
from services.kit.telemetry import log
from services.users.backend import audit_rules, wire

q = Queries(Path(__file__).with_name("audit.sql"))
_HEADS_AT_ONCE = 1000


class AuditStore:
    """The hash-chained log of admin actions: one chain a team, appended to and never changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, connection: Connection, events: Sequence[AuditEvent]) -> None:
        """Chains events in the open transaction; those that are in the log already change nothing."""
        teams = sorted({event.team_id for event in events})
        await self._database.execute(q.open_chains, connection, team_ids=teams, origin=audit_rules.ORIGIN)
        ends = {
            row["team_id"]: (row["sequence"], row["hash"])
            for row in await self._database.fetch(q.lock_chains, connection, team_ids=teams)
        }
        known = {
            row["id"]
            for row in await self._database.fetch(
                q.known_events, connection, ids=[event.id for event in events]
            )
        }
        links: list[audit_rules.Link] = []
        for event in {event.id: event for event in events if event.id not in known}.values():
            sequence, previous = ends[event.team_id]
            links.append(audit_rules.link(event, sequence + 1, previous))
            ends[event.team_id] = (sequence + 1, links[-1].hash)
        await self._insert(connection, links)

    async def publish(self, connection: Connection, topic: str, messages: Iterable[Any]) -> list[str]:
        """Appends what this service would otherwise send to itself: see `services.kit.audit.Trail`."""
        await self.append(connection, list(messages))
        return []

    async def deliver(self, ids: Sequence[str]) -> None:
        """What was appended is where it belongs."""

    async def receive(self, events: Sequence[AuditEvent]) -> None:
        """Takes other services' events; safe to repeat."""
        async with self._database.transaction() as connection:
            await self.append(connection, events)

    async def page(
        self, team_id: str, campaign_id: str | None, before: int | None, limit: int
    ) -> list[wire.AuditEntry]:
        """Up to `limit` events of a team or of one of its campaigns, newest first, from just before `before` on."""
        rows = await self._database.fetch(
            q.page_events, team_id=team_id, campaign_id=campaign_id, before=before, limit=limit
        )
        return [_entry(row) for row in rows]

    async def note_heads(self) -> int:
        """Logs where each chain ends: anchors out of the database's reach, for `scripts/verify-audit --anchors`."""
        after = ""
        while rows := await self._database.fetch(q.heads_since, after=after, limit=_HEADS_AT_ONCE):
            for row in rows:
                log.info("audit head", team=row["team_id"], sequence=row["sequence"], hash=row["hash"].hex())
            after = rows[-1]["team_id"]
        return 0

    async def _insert(self, connection: Connection, links: Sequence[audit_rules.Link]) -> None:
        events = [link.event for link in links]
        await self._database.execute(
            q.append_events,
            connection,
            team_ids=[e.team_id for e in events],
            sequences=[link.sequence for link in links],
            ids=[e.id for e in events],
            campaign_ids=[e.campaign_id for e in events],
            actors=[e.actor for e in events],
            actions=[e.action for e in events],
            targets=[e.target for e in events],
            befores=[e.before for e in events],
            afters=[e.after for e in events],
            ats=[e.at for e in events],
            request_ids=[e.request_id for e in events],
            previous_hashes=[link.previous_hash for link in links],
            hashes=[link.hash for link in links],
        )


def _entry(row: Row) -> wire.AuditEntry:
    return wire.AuditEntry(
        id=row["id"],
        team_id=row["team_id"],
        campaign_id=row["campaign_id"],
        sequence=row["sequence"],
        actor=row["actor"],
        action=row["action"],
        target=row["target"],
        before=row["before"],
        after=row["after"],
        at=row["at"],
        request_id=row["request_id"],
        previous_hash=row["previous_hash"].hex(),
        hash=row["hash"].hex(),
    )
