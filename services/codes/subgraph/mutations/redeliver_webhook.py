"""redeliverWebhook: an event is sent once more."""

from typing import Annotated

import strawberry

from services.codes.subgraph.webhooks_types import Info, WebhookDelivery
from services.kit.types import ID, NotFound, typed
from services.kit.upstream import Problem


@strawberry.federation.input(tags=["admin"], description="What is sent where once more.")
class RedeliverWebhookInput:
    webhook_id: ID = strawberry.field(description="The webhook.")
    event_id: ID = strawberry.field(description="The event, of the webhook's deliveries.")


@strawberry.federation.type(tags=["admin"], description="The event is in line again.")
class WebhookRedelivered:
    delivery: WebhookDelivery = strawberry.field(description="The delivery, its attempts counted anew.")


RedeliverWebhookResult = Annotated[
    WebhookRedelivered | NotFound,
    strawberry.federation.union(
        "RedeliverWebhookResult", description="What became of redeliverWebhook.", tags=["admin"]
    ),
]
InputArgument = Annotated[
    RedeliverWebhookInput, strawberry.argument(description="What is sent where once more.")
]


@strawberry.federation.mutation(
    description="Sends an event to a webhook once more, whatever became of it. Needs CODE_MANAGE on the team.",
    tags=["admin"],
)
async def redeliver_webhook(info: Info, input: InputArgument) -> RedeliverWebhookResult:
    try:
        delivery = await info.context.webhooks.backend.redeliver(input.webhook_id, input.event_id)
    except Problem as problem:
        return typed(problem, NotFound)
    return WebhookRedelivered(delivery=WebhookDelivery.of(delivery))
