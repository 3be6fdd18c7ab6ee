"""The Code Service's outgoing webhooks as this subgraph calls them: the only file that knows their HTTP paths."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from services.kit.paging import Page
from services.kit.upstream import Upstream, one_for_each, segment

T = TypeVar("T")


class Webhook(msgspec.Struct, frozen=True):
    """Where a team wants to be told of events."""

    id: str
    team_id: str
    url: str
    events: list[str]
    active: bool
    failures: int
    old_secret_until: datetime | None
    created_at: datetime


class WebhookSecret(msgspec.Struct, frozen=True):
    """A webhook and the secret that signs for it."""

    webhook: Webhook
    secret: str
    replayed: bool = False


class Delivery(msgspec.Struct, frozen=True):
    """An event on its way to a webhook."""

    event_id: str
    webhook_id: str
    event: str
    state: str
    attempts: int
    next_attempt_at: datetime | None
    status: int | None
    failure: str | None
    created_at: datetime
    finished_at: datetime | None


class DeliveryPageRequest(msgspec.Struct, frozen=True):
    """Deliveries of a webhook, newest first; `after` is an event's id."""

    webhook_id: str
    limit: int
    after: str | None = None


class _Webhooks(msgspec.Struct):
    webhooks: list[Webhook]


class _Pages(msgspec.Struct):
    pages: list[Page[Delivery]]


class WebhooksBackend:
    """Calls of one request, on behalf of `actor`."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self._upstream = upstream
        self._actor = actor

    async def webhooks(self, *, ids: Sequence[str] = (), team_ids: Sequence[str] = ()) -> list[Webhook]:
        body = {"ids": ids, "team_ids": team_ids}
        answer = await self._upstream.call(
            "POST", "/partner-webhooks/batch", _Webhooks, body, idempotent=True
        )
        return answer.webhooks

    async def deliveries(self, pages: Sequence[DeliveryPageRequest]) -> list[Page[Delivery]]:
        """One page for each request, in order."""
        body = {"pages": pages}
        answer = await self._upstream.call(
            "POST", "/partner-webhooks/deliveries", _Pages, body, idempotent=True
        )
        return one_for_each(pages, answer.pages)

    async def make(self, team_id: str, url: str, events: Sequence[str], key: str | None) -> WebhookSecret:
        """Raises Problem VALIDATION_FAILED, TOO_MANY_WEBHOOKS, IDEMPOTENCY_MISMATCH."""
        body = {"team_id": team_id, "url": url, "events": events, "idempotency_key": key}
        return await self._write("POST", "/partner-webhooks", WebhookSecret, body)

    async def change(
        self, id: str, url: str | None, events: Sequence[str] | None, active: bool | None
    ) -> Webhook:
        """Raises Problem NOT_FOUND, VALIDATION_FAILED."""
        body = {"url": url, "events": events, "active": active}
        return await self._write("POST", f"/partner-webhooks/{segment(id)}", Webhook, body)

    async def rotate(self, id: str) -> WebhookSecret:
        """Raises Problem NOT_FOUND."""
        return await self._write("POST", f"/partner-webhooks/{segment(id)}/secret", WebhookSecret)

    async def delete(self, id: str) -> None:
        """Raises Problem NOT_FOUND."""
        await self._upstream.call("DELETE", f"/partner-webhooks/{segment(id)}", actor=self._actor)

    async def redeliver(self, webhook_id: str, event_id: str) -> Delivery:
        """Raises Problem NOT_FOUND."""
        path = f"/partner-webhooks/{segment(webhook_id)}/deliveries/{segment(event_id)}"
        return await self._write("POST", path, Delivery)

    async def _write(self, method: str, path: str, returns: type[T], body: Any = None) -> T:
        return await self._upstream.call(method, path, returns, body, actor=self._actor)
