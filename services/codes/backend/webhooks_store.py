"""SQL of outgoing webhooks: typed twins of `webhooks.sql`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from services.codes.backend import webhooks_rules as rules
from services.codes.backend import webhooks_wire as wire
from services.codes.backend.targets_rules import parse_target
from services.kit.audit import audited
from services.kit.errors import DomainError, NotFound
from services.kit.idempotency import once
from services.kit.ids import new_id
from services.kit.outbox import Outbox
from services.kit.paging import Page, cut
from services.kit.pg import Connection, Database, Queries, Row
from services.kit.sealing import Sealer

q = Queries(Path(__file__).with_name("webhooks.sql"))
_encode = msgspec.json.Encoder().encode

_URL, _SECRET = "webhook.url", "webhook.secret"
_DELIVERY = wire.Delivery.__struct_fields__


class TooManyWebhooks(DomainError):
    """The team has as many webhooks as a team can have."""

    code = "TOO_MANY_WEBHOOKS"

    def __init__(self) -> None:
        super().__init__(f"A team has {rules.MOST_WEBHOOKS} webhooks at most. Delete one first.")


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that a team may want to be told of; `data` names no person and no code's value."""

    event: wire.EventName
    team_id: str
    campaign_id: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a delivery, the `number`th. `secrets` are those that sign it, the newest first."""

    webhook_id: str
    event_id: str
    number: int
    url: str
    body: bytes
    secrets: tuple[str, ...]


class WebhookStore:
    """Webhooks of teams and what is on its way to them."""

    def __init__(self, database: Database, sealer: Sealer, outbox: Outbox, *, development: bool) -> None:
        self._database = database
        self._sealer = sealer
        self._outbox = outbox
        self._development = development

    async def make(self, actor: str, new: wire.NewWebhook) -> wire.WebhookSecret:
        """A new webhook with its secret. Raises Invalid, TooManyWebhooks, IdempotencyMismatch."""
        parse_target(new.url, development=self._development)
        async with audited(self._database, self._outbox, actor) as transaction:
            connection = transaction.connection

            async def insert() -> str:
                webhook_id = await self._insert(connection, new)
                after = {"url": new.url, "events": new.events}
                await transaction.note("createWebhook", webhook_id, team_id=new.team_id, after=after)
                return webhook_id

            webhook_id, replayed = await once(
                self._database,
                connection,
                actor=actor,
                operation="createWebhook",
                key=new.idempotency_key,
                payload=[new.team_id, new.url, new.events],
                returns=str,
                action=insert,
            )
            return await self._with_secret(connection, webhook_id, replayed=replayed)

    async def change(self, actor: str, webhook_id: str, change: wire.WebhookChange) -> wire.Webhook:
        """The webhook as it is then. Raises Invalid, NotFound."""
        if change.url is not None:
            parse_target(change.url, development=self._development)
        async with audited(self._database, self._outbox, actor) as transaction:
            before = await self._one(transaction.connection, webhook_id)
            await self._database.execute(
                q.change_webhook,
                transaction.connection,
                id=webhook_id,
                url_sealed=None if change.url is None else self._sealer.seal(change.url, _URL),
                events=change.events,
                active=change.active,
            )
            webhook = await self._one(transaction.connection, webhook_id)
            await transaction.note(
                "updateWebhook", webhook_id, team_id=webhook.team_id, before=before, after=webhook
            )
        return webhook

    async def rotate(self, actor: str, webhook_id: str) -> wire.WebhookSecret:
        """The webhook with a new secret; the old one signs beside it for a day. Raises NotFound."""
        secret = self._sealer.seal(rules.new_secret(), _SECRET)
        async with audited(self._database, self._outbox, actor) as transaction:
            before = await self._one(transaction.connection, webhook_id)
            await self._database.execute(
                q.rotate_secret, transaction.connection, id=webhook_id, secret_sealed=secret
            )
            rotated = await self._with_secret(transaction.connection, webhook_id)
            await transaction.note(
                "rotateWebhookSecret",
                webhook_id,
                team_id=before.team_id,
                before=before,
                after=rotated.webhook,
            )
        return rotated

    async def delete(self, actor: str, webhook_id: str) -> None:
        """Ends a webhook and forgets what was sent to it; twice is once. Raises NotFound."""
        async with audited(self._database, self._outbox, actor) as transaction:
            webhooks = await self.webhooks([webhook_id], connection=transaction.connection)
            if not webhooks:
                raise NotFound("There is no such webhook.")
            if await self._database.fetchval(q.delete_webhook, transaction.connection, id=webhook_id):
                await transaction.note(
                    "deleteWebhook", webhook_id, team_id=webhooks[0].team_id, before=webhooks[0]
                )

    async def redeliver(self, actor: str, webhook_id: str, event_id: str) -> wire.Delivery:
        """The delivery, in line again. Raises NotFound."""
        async with audited(self._database, self._outbox, actor) as transaction:
            key = {"webhook_id": webhook_id, "event_id": event_id}
            sent = await self._database.fetchrow(q.redeliver, transaction.connection, **key)
            row = await self._database.fetchrow(q.delivery, transaction.connection, **key)
            if sent is None or row is None:
                raise NotFound("There is no such delivery.")
            await transaction.note(
                "redeliverWebhook", event_id, team_id=sent["team_id"], after=sent["body"].decode()
            )
        return _delivery(row)

    async def webhooks(
        self, ids: Sequence[str], team_ids: Sequence[str] = (), connection: Connection | None = None
    ) -> list[wire.Webhook]:
        """Webhooks by their ids or their teams', as far as they exist."""
        rows = await self._database.fetch(q.webhooks, connection, ids=list(ids), team_ids=list(team_ids))
        return [self._webhook(row) for row in rows]

    async def deliveries(self, asked: Sequence[wire.DeliveryPageRequest]) -> list[Page[wire.Delivery]]:
        """A page for each request, in order, the newest delivery first."""
        rows = await self._database.fetch(
            q.deliveries,
            webhook_ids=[one.webhook_id for one in asked],
            afters=[one.after for one in asked],
            limits=[one.limit for one in asked],
        )
        found: list[list[wire.Delivery]] = [[] for _ in asked]
        for row in rows:
            found[row["place"] - 1].append(_delivery(row))
        return [cut(each, one.limit) for each, one in zip(found, asked, strict=True)]

    async def wanted(self, connection: Connection, team_ids: Iterable[str]) -> set[tuple[str, str]]:
        """Which events these teams want to be told of, as (team, event)."""
        rows = await self._database.fetch(q.subscriptions, connection, team_ids=sorted(set(team_ids)))
        return {(row["team_id"], row["event"]) for row in rows}

    async def announce(self, connection: Connection, happened: Sequence[Happened]) -> None:
        """Puts what happened in line for every webhook that wants it, in the transaction in which it happens."""
        wanted = await self.wanted(connection, (each.team_id for each in happened)) if happened else set()
        told = [each for each in happened if (each.team_id, each.event) in wanted]
        if not told:
            return
        at = datetime.now(UTC)
        ids = [new_id("whe") for _ in told]
        await self._database.execute(
            q.announce,
            connection,
            ids=ids,
            team_ids=[each.team_id for each in told],
            events=[each.event for each in told],
            bodies=[
                _encode(wire.Event(id_, each.event, at, each.campaign_id, each.data))
                for id_, each in zip(ids, told, strict=True)
            ],
        )

    async def claim(self, limit: int = 100, each: int = 20) -> list[Attempt]:
        """Attempts to be made now, at most `each` at one receiver; each is counted already."""
        rows = await self._database.fetch(q.claim_due, limit=limit, each=each)
        return [self._attempt(row) for row in rows]

    async def settle(
        self, attempts: Sequence[Attempt], results: Sequence[tuple[int | None, str | None]]
    ) -> None:
        """Notes what became of attempts: the status of the answer and, if it was not taken, why."""
        await self._database.execute(
            q.settle_deliveries,
            webhook_ids=[attempt.webhook_id for attempt in attempts],
            event_ids=[attempt.event_id for attempt in attempts],
            statuses=[status for status, _ in results],
            failures=[failure for _, failure in results],
            most=rules.MOST_ATTEMPTS,
        )

    async def forget(self) -> int:
        """Forgets some of the deliveries that ended a month ago; answers how many."""
        return int((await self._database.execute(q.forget_deliveries, limit=5000)).rpartition(" ")[2])

    async def _insert(self, connection: Connection, new: wire.NewWebhook) -> str:
        secret = self._sealer.seal(rules.new_secret(), _SECRET)
        url = self._sealer.seal(new.url, _URL)
        for _ in range(rules.MOST_WEBHOOKS + 1):
            made = await self._database.fetchval(
                q.make_webhook,
                connection,
                id=new_id("whk"),
                team_id=new.team_id,
                url_sealed=url,
                events=sorted(set(new.events)),
                secret_sealed=secret,
                most=rules.MOST_WEBHOOKS,
            )
            if made is not None:
                return made
            count = await self._database.fetchval(q.count_webhooks, connection, team_id=new.team_id)
            if count >= rules.MOST_WEBHOOKS:
                break
        raise TooManyWebhooks

    async def _one(self, connection: Connection, webhook_id: str) -> wire.Webhook:
        for webhook in await self.webhooks([webhook_id], connection=connection):
            if webhook.deleted_at is None:
                return webhook
        raise NotFound("There is no such webhook.")

    async def _with_secret(
        self, connection: Connection, webhook_id: str, *, replayed: bool = False
    ) -> wire.WebhookSecret:
        for row in await self._database.fetch(q.webhooks, connection, ids=[webhook_id], team_ids=[]):
            secret = self._sealer.open(row["secret_sealed"], _SECRET).decode()
            return wire.WebhookSecret(self._webhook(row), secret, replayed)
        raise NotFound("There is no such webhook.")

    def _webhook(self, row: Row) -> wire.Webhook:
        kept = {name: row[name] for name in wire.Webhook.__struct_fields__ if name != "url"}
        return wire.Webhook(url=self._sealer.open(row["url_sealed"], _URL).decode(), **kept)

    def _attempt(self, row: Row) -> Attempt:
        sealed = [row["secret_sealed"], row["old_secret_sealed"]]
        return Attempt(
            webhook_id=row["webhook_id"],
            event_id=row["event_id"],
            number=row["attempts"],
            url=self._sealer.open(row["url_sealed"], _URL).decode(),
            body=row["body"],
            secrets=tuple(self._sealer.open(each, _SECRET).decode() for each in sealed if each is not None),
        )


def _delivery(row: Row) -> wire.Delivery:
    return wire.Delivery(**{name: row[name] for name in _DELIVERY})
