"""How a campaign is changed: claim the next version, write, publish and audit in one transaction, then deliver."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from services.campaigns.backend import lint_rules, rules, wire
from services.campaigns.backend.lint_rules import LintBlocked
from services.campaigns.backend.rules import Part
from services.campaigns.backend.wire import State
from services.kit import idempotency
from services.kit.audit import Audited, audited
from services.kit.errors import Conflict, DomainError, Invalid, Issue, NotFound
from services.kit.outbox import Outbox
from services.kit.pg import Connection, Database, Queries

q = Queries(Path(__file__).with_name("changes.sql"))
_decode = msgspec.json.Decoder(wire.Campaign).decode

NO_SUCH_MARKET = Issue(["market_id"], "UNKNOWN", "This market does not exist in the event's campaign.")
# Constraints that an input can break although it looks right.
_BROKEN: dict[str, Issue] = {
    "campaign_slug": Issue(["slug"], "TAKEN", "Another campaign has this slug. Choose another one."),
    "campaign_artist_known": Issue(
        ["artist_ids"], "UNKNOWN", "One of these artists does not exist. Search artists for ids."
    ),
    "promoter_name": Issue(
        ["name"], "TAKEN", "Another promoter of the team has this name. Replace that one instead."
    ),
    "market_venue_known": Issue(
        ["venue_id"], "UNKNOWN", "This venue does not exist. Search venues for its id."
    ),
    "event_market_known": NO_SUCH_MARKET,
    "event_presale_before_start": Issue(
        ["presale", "closes_at"], "AFTER_START", "The presale must be over when the show starts."
    ),
    "market_capacity": Issue(
        ["allocation"], "OUT_OF_RANGE", "The events of one market may allocate 2,147,483,647 tickets in all."
    ),
}

SCHEDULE = "schedule"
"""Who opens and closes campaigns in the audit log when their windows do."""

Write = Callable[[Connection], Awaitable[str]]
"""What a change does once its version is claimed; answers the id of what it changed."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """Who changes which campaign how.

    `action` is the mutation's name, `states` are those in which it may happen, `refusal` makes what is raised in any
    other. A change with an `idempotency_key` happens once per `payload`.
    """

    campaign_id: str
    actor: str
    action: str
    states: frozenset[State]
    refusal: Callable[[str], DomainError]
    expected_version: int | None = None
    opening: bool = False
    idempotency_key: str | None = None
    payload: Any = None


def change_of(parts: Iterable[Part], campaign_id: str, actor: str, action: str, **more: Any) -> Change:
    """A change of these parts, allowed as long as all of them can be changed."""
    parts = list(parts)
    return Change(
        campaign_id=campaign_id,
        actor=actor,
        action=action,
        states=rules.states_for(parts),
        refusal=lambda state: rules.locked(state, parts),
        **more,
    )


class Changes:
    """Makes changes. Whatever races is decided by the claim, a single UPDATE on version and state."""

    def __init__(self, database: Database, outbox: Outbox, picture_url: Callable[[str], str]) -> None:
        self._database = database
        self._outbox = outbox
        self._picture_url = picture_url

    async def documents(
        self, keys: wire.CampaignKeys, connection: Connection | None = None
    ) -> list[wire.Campaign]:
        """The campaigns of these keys as far as they exist, each once, by one statement."""
        rows = await self._database.fetch(q.campaigns_by_key, connection, **msgspec.structs.asdict(keys))
        return [self.read(row["document"]) for row in rows]

    def read(self, document: str) -> wire.Campaign:
        """A campaign out of its document, where pictures are told by their files."""
        campaign = _decode(document)
        if campaign.hero_image is not None:
            campaign.hero_image = self._picture_url(campaign.hero_image)
        return campaign

    async def make(self, change: Change, write: Write) -> wire.Changed:
        """The campaign after the change, known to the other services already if they answer.

        Raises NotFound, Conflict, the change's refusal, Invalid for what would leave it unable to work, LintBlocked
        for what cannot be opened, and IdempotencyMismatch.
        """

        async def claimed(transaction: Audited) -> wire.Changed:
            connection = transaction.connection
            await self._claim(connection, change)
            before = await self._document(connection, change.campaign_id)
            target = await write(connection)
            after = await self._document(connection, change.campaign_id)
            if change.opening:
                await self._check_opening(connection, after)
            rules.check_working(after)
            rules.check_begun(before, after)
            await self._leave_behind(transaction, change.action, target, before, after)
            return wire.Changed(after, target)

        return await self._once(change.actor, change.action, change.idempotency_key, change.payload, claimed)

    async def create(
        self, actor: str, action: str, key: str | None, payload: Any, write: Write
    ) -> wire.Changed:
        """The campaign that `write` makes and answers the id of. Raises Invalid, IdempotencyMismatch."""

        async def created(transaction: Audited) -> wire.Changed:
            id_ = await write(transaction.connection)
            after = await self._document(transaction.connection, id_)
            await self._leave_behind(transaction, action, id_, None, after)
            return wire.Changed(after, id_)

        return await self._once(actor, action, key, payload, created)

    async def apply_windows(self, limit: int = 100) -> int:
        """Opens and closes what is due; answers how many campaigns that were."""
        async with audited(self._database, self._outbox, SCHEDULE) as transaction:
            connection = transaction.connection
            due = await self._database.fetch(q.lock_due, connection, limit=limit)
            stored = {row["id"]: State(row["state"]) for row in due}
            if stored:
                await self._database.execute(q.apply_windows, connection, ids=list(stored))
                for after in await self.documents(wire.CampaignKeys(ids=list(stored)), connection):
                    before = msgspec.structs.replace(after, state=stored[after.id])
                    await self._leave_behind(transaction, "transitionCampaign", after.id, before, after)
        return len(stored)

    async def _claim(self, connection: Connection, change: Change) -> None:
        claimed = await self._database.fetchval(
            q.claim,
            connection,
            id=change.campaign_id,
            expected_version=change.expected_version,
            states=sorted(change.states),
        )
        if claimed is not None:
            return
        standing = await self._database.fetchrow(q.standing, connection, id=change.campaign_id)
        if standing is None:
            raise NotFound("There is no campaign under this id.")
        if change.expected_version not in (None, standing["version"]):
            raise Conflict(standing["version"])
        raise change.refusal(standing["state"])

    async def _check_opening(self, connection: Connection, campaign: wire.Campaign) -> None:
        moment: datetime = await self._database.fetchval(q.moment, connection)
        if errors := lint_rules.errors_of(campaign, moment):
            raise LintBlocked(errors)

    async def _document(self, connection: Connection, id_: str) -> wire.Campaign:
        [document] = await self.documents(wire.CampaignKeys(ids=[id_]), connection)
        return document

    async def _leave_behind(
        self,
        transaction: Audited,
        action: str,
        target: str,
        before: wire.Campaign | None,
        after: wire.Campaign,
    ) -> None:
        await transaction.publish("campaign", [rules.snapshot(after)])
        await transaction.note(
            action,
            target,
            team_id=after.team_id,
            campaign_id=after.id,
            before=before and rules.audited(before),
            after=rules.audited(after),
        )

    async def _once(
        self,
        actor: str,
        operation: str,
        key: str | None,
        payload: Any,
        work: Callable[[Audited], Awaitable[wire.Changed]],
    ) -> wire.Changed:
        async with explained(), audited(self._database, self._outbox, actor) as transaction:
            changed, _ = await idempotency.once(
                self._database,
                transaction.connection,
                actor=actor,
                operation=operation,
                key=key,
                payload=payload,
                returns=wire.Changed,
                action=lambda: work(transaction),
            )
        return changed


@asynccontextmanager
async def explained() -> AsyncIterator[None]:
    """Tells of a broken constraint which input broke it."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        issue = _BROKEN.get(str(error.as_dict().get("constraint_name")))
        if issue is None:
            raise
        raise Invalid([issue]) from None
