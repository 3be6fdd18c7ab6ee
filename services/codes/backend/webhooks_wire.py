"""Outgoing webhooks on the wire: how they are administered, and what partners receive."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from services.codes.backend.wire import Id, Ids, Key
from services.kit.paging import Page
from services.kit.wire import ONE_FOR_EACH, Moment, Whole

EventName = Literal["code.assigned", "code.redeemed", "code.voided", "pool.low"]
EventNames = Annotated[list[EventName], Meta(min_length=1, max_length=10)]


class Event(msgspec.Struct, frozen=True, rename="camel"):
    """The body of a webhook. `id` is the same in every attempt; `data` has ids and numbers, no person and no code."""

    id: str
    type: EventName
    at: Moment
    campaign_id: str
    data: dict[str, Any]


class NewWebhook(msgspec.Struct, frozen=True):
    team_id: Id
    url: str
    events: EventNames
    idempotency_key: Key | None = None


class WebhookChange(msgspec.Struct, frozen=True):
    """What is null stays as it is."""

    url: str | None = None
    events: EventNames | None = None
    active: bool | None = None


class Webhook(msgspec.Struct, frozen=True):
    """Where a team wants to be told of events. `failures` counts the attempts that failed in a row.

    A deleted one is found by its id only.
    """

    id: str
    team_id: str
    url: str
    events: list[EventName]
    active: bool
    failures: Whole
    old_secret_until: Moment | None
    created_at: Moment
    deleted_at: Moment | None


class Webhooks(msgspec.Struct, frozen=True):
    """Found webhooks, in the order of their ids; unknown ids are left out."""

    webhooks: list[Webhook]


class WebhookQuestions(msgspec.Struct, frozen=True):
    """Webhooks by their own ids or by their teams'."""

    ids: Ids = msgspec.field(default_factory=list[str])
    team_ids: Ids = msgspec.field(default_factory=list[str])


class WebhookSecret(msgspec.Struct, frozen=True):
    """A webhook and the secret that signs for it; `replayed`: it was made before, and nothing changed."""

    webhook: Webhook
    secret: str
    replayed: bool = False


class Delivery(msgspec.Struct, frozen=True):
    """An event on its way to a webhook. `status` is the last answer's, `failure` why the last attempt failed."""

    event_id: str
    webhook_id: str
    event: EventName
    state: Literal["PENDING", "SUCCEEDED", "GAVE_UP"]
    attempts: Whole
    next_attempt_at: Moment | None
    status: Whole | None
    failure: str | None
    created_at: Moment
    finished_at: Moment | None


class DeliveryPageRequest(msgspec.Struct, frozen=True):
    """Deliveries of a webhook, newest first; `after` is an event's id."""

    webhook_id: Id
    limit: Annotated[int, Meta(ge=1, le=100)]
    after: str | None = None


class DeliveryPageRequests(msgspec.Struct, frozen=True):
    pages: Annotated[list[DeliveryPageRequest], Meta(max_length=100)]


class DeliveryPages(msgspec.Struct, frozen=True):
    """`pages[i]` answers the request's `pages[i]`."""

    pages: Annotated[list[Page[Delivery]], ONE_FOR_EACH]
