"""Outgoing webhooks: where a team is told of what becomes of its codes, and what was sent there."""

from enum import Enum
from typing import Annotated, Any, Self

import strawberry

from services.codes.subgraph import webhooks_backend as backend
from services.kit.access import Permission, Scope
from services.kit.paging import Connection, connect, decode_cursor, page_size
from services.kit.types import ID, URL, DateTime

Info = strawberry.Info[Any, Any]
First = Annotated[int | None, strawberry.argument(description="How many, 1 to 100; 20 unless given.")]
After = Annotated[str | None, strawberry.argument(description="The `endCursor` of the page before.")]


@strawberry.enum(description="What a webhook can be told of.")
class WebhookEvent(Enum):
    CODE_ASSIGNED = strawberry.enum_value(
        "CODE_ASSIGNED", description="`code.assigned`: a winner was given a code."
    )
    CODE_REDEEMED = strawberry.enum_value(
        "CODE_REDEEMED", description="`code.redeemed`: a code was used for a purchase."
    )
    CODE_VOIDED = strawberry.enum_value(
        "CODE_VOIDED",
        description="`code.voided`: a code was withdrawn: refuse it. `supersededBy` names the code that its owner got "
        "instead, of which `code.assigned` tells.",
    )
    POOL_LOW = strawberry.enum_value(
        "POOL_LOW",
        description="`pool.low`: a pool has begun to run low, with `available` and `lowWatermark`; told again only "
        "after it was filled up in between.",
    )

    @property
    def wire_name(self) -> str:
        """As the Code Service calls it: `code.assigned`."""
        return self.name.lower().replace("_", ".", 1)

    @classmethod
    def of(cls, wire_name: str) -> Self:
        return cls(wire_name.upper().replace(".", "_"))


@strawberry.enum(description="Where an event is on its way to a webhook.")
class WebhookDeliveryState(Enum):
    PENDING = strawberry.enum_value("PENDING", description="Not taken yet; it is tried until it is.")
    SUCCEEDED = strawberry.enum_value("SUCCEEDED", description="The receiver answered 2xx.")
    GAVE_UP = strawberry.enum_value(
        "GAVE_UP", description="Not taken in a day and a half of attempts; `redeliverWebhook` tries again."
    )


@strawberry.federation.type(tags=["admin"], description="An event on its way to a webhook.")
class WebhookDelivery:
    event_id: ID = strawberry.field(description="The event's id, the same in every attempt.")
    event: WebhookEvent = strawberry.field(description="What happened.")
    state: WebhookDeliveryState = strawberry.field(description="Where it is.")
    attempts: int = strawberry.field(description="How often it was tried.")
    next_attempt_at: DateTime | None = strawberry.field(description="When it is tried next, at the earliest.")
    status: int | None = strawberry.field(description="The HTTP status of the last answer, if one came.")
    failure: str | None = strawberry.field(
        description="Why the last attempt failed: STATUS, REDIRECT (never followed), TIMEOUT, TLS, CONNECTION, "
        "UNKNOWN_HOST, NOT_PUBLIC (the name leads to a private address) or BAD_URL."
    )
    created_at: DateTime = strawberry.field(description="When it happened.")
    finished_at: DateTime | None = strawberry.field(description="When it was taken, or given up.")

    @classmethod
    def of(cls, delivery: backend.Delivery) -> Self:
        """The graph's view of what the Code Service answered."""
        return cls(
            event_id=ID(delivery.event_id),
            event=WebhookEvent.of(delivery.event),
            state=WebhookDeliveryState(delivery.state),
            attempts=delivery.attempts,
            next_attempt_at=delivery.next_attempt_at and DateTime(delivery.next_attempt_at),
            status=delivery.status,
            failure=delivery.failure,
            created_at=DateTime(delivery.created_at),
            finished_at=delivery.finished_at and DateTime(delivery.finished_at),
        )


@strawberry.federation.type(
    tags=["admin"],
    description="Where a team is told of what becomes of its codes. Each event is POSTed as JSON, signed like the "
    "reports of platforms: `monoql-timestamp`, and `monoql-signature: v1=<hex HMAC-SHA256(secret, timestamp.body)>`. "
    "Answer 2xx within 10 seconds; an event may come twice, tell it by its `id`.",
)
class Webhook:
    id: ID = strawberry.field(description="Opaque id.")
    url: URL = strawberry.field(description="Where events are sent.")
    events: list[WebhookEvent] = strawberry.field(description="What it is told of.")
    active: bool = strawberry.field(description="False: nothing is sent, and nothing new is put in line.")
    failures: int = strawberry.field(
        description="Attempts that failed in a row; the more, the longer the pause before the next, up to 5 minutes."
    )
    old_secret_until: DateTime | None = strawberry.field(
        description="Until when the secret before the present one signs too; null when it does not."
    )
    created_at: DateTime = strawberry.field(description="When it was made.")

    @strawberry.field(description="What was sent and is to be sent, newest first; kept for 30 days.")
    async def deliveries(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[WebhookDelivery]:
        request = backend.DeliveryPageRequest(self.id, page_size(first), decode_cursor(after))
        page = await info.context.webhooks.deliveries.load(request)
        return connect(page, key=lambda each: each.event_id, node=WebhookDelivery.of, after=after)

    @classmethod
    def of(cls, webhook: backend.Webhook) -> Self:
        """The graph's view of what the Code Service answered."""
        return cls(
            id=ID(webhook.id),
            url=URL(webhook.url),
            events=[WebhookEvent.of(event) for event in webhook.events],
            active=webhook.active,
            failures=webhook.failures,
            old_secret_until=webhook.old_secret_until and DateTime(webhook.old_secret_until),
            created_at=DateTime(webhook.created_at),
        )


@strawberry.federation.type(keys=["id"], description="The people who run campaigns together.")
class Team:
    id: ID = strawberry.field(description="Opaque id.")

    @strawberry.federation.field(
        description="Where the team is told of what becomes of its codes, oldest first; null for who may not manage "
        "codes on the whole team.",
        tags=["admin"],
    )
    async def webhooks(self, info: Info) -> list[Webhook] | None:
        if not await info.context.access.allows(Permission.CODE_MANAGE, Scope(self.id)):
            return None
        return [Webhook.of(webhook) for webhook in await info.context.webhooks.by_team.load(self.id)]

    @classmethod
    def resolve_reference(cls, info: Info, id: str) -> Self:
        return cls(id=ID(id))
