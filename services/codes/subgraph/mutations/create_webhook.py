"""createWebhook: a team wants to be told of what becomes of its codes."""

from typing import Annotated

import strawberry

from services.codes.subgraph.webhooks_types import Info, Webhook, WebhookEvent
from services.kit.types import ID, URL, Error, IdempotencyMismatch, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.federation.input(tags=["admin"], description="Who is told of what, and where.")
class CreateWebhookInput:
    team_id: ID = strawberry.field(description="The team whose campaigns it is about.")
    url: URL = strawberry.field(
        description="Where events are sent: https, port 443 or 8443, at a public address."
    )
    events: list[WebhookEvent] = strawberry.field(description="What it is told of, one at least.")
    idempotency_key: str | None = strawberry.field(
        description="1 to 200 characters of yours: the same key with the same input replays the first answer.",
        default=None,
    )


@strawberry.federation.type(
    tags=["admin"], description="The webhook is there and told of what happens from now on."
)
class WebhookCreated:
    webhook: Webhook = strawberry.field(description="The webhook.")
    secret: str = strawberry.field(
        description="What signs its events. Keep it: it is shown here only, and to the same idempotency key."
    )
    replayed: bool = strawberry.field(description="True: the key was used before, and nothing was made.")


@strawberry.federation.type(tags=["admin"], description="The team has 20 webhooks; delete one first.")
class TooManyWebhooks(Error): ...


CreateWebhookResult = Annotated[
    WebhookCreated | TooManyWebhooks | ValidationFailed | IdempotencyMismatch,
    strawberry.federation.union(
        "CreateWebhookResult", description="What became of createWebhook.", tags=["admin"]
    ),
]
InputArgument = Annotated[
    CreateWebhookInput, strawberry.argument(description="Who is told of what, and where.")
]


@strawberry.federation.mutation(
    description="Makes a webhook that is told of what becomes of a team's codes. Needs CODE_MANAGE on the team.",
    tags=["admin"],
)
async def create_webhook(info: Info, input: InputArgument) -> CreateWebhookResult:
    events = [event.wire_name for event in input.events]
    try:
        made = await info.context.webhooks.backend.make(
            input.team_id, input.url, events, input.idempotency_key
        )
    except Problem as problem:
        return typed(problem, TooManyWebhooks, ValidationFailed, IdempotencyMismatch)
    return WebhookCreated(webhook=Webhook.of(made.webhook), secret=made.secret, replayed=made.replayed)
