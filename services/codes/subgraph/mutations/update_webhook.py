"""updateWebhook: a webhook leads elsewhere, is told of something else, or is switched on or off."""

from typing import Annotated

import strawberry

from services.codes.subgraph.webhooks_types import Info, Webhook, WebhookEvent
from services.kit.types import ID, URL, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.federation.input(tags=["admin"], description="What changes of a webhook; what is left out stays.")
class UpdateWebhookInput:
    id: ID = strawberry.field(description="The webhook.")
    url: URL | None = strawberry.field(
        description="Where events are sent: https, port 443 or 8443, at a public address.", default=None
    )
    events: list[WebhookEvent] | None = strawberry.field(
        description="What it is told of, one at least.", default=None
    )
    active: bool | None = strawberry.field(
        description="False switches it off: what is in line waits. True tries at once.", default=None
    )


@strawberry.federation.type(tags=["admin"], description="The webhook is changed.")
class WebhookUpdated:
    webhook: Webhook = strawberry.field(description="The webhook as it is now.")


UpdateWebhookResult = Annotated[
    WebhookUpdated | NotFound | ValidationFailed,
    strawberry.federation.union(
        "UpdateWebhookResult", description="What became of updateWebhook.", tags=["admin"]
    ),
]
InputArgument = Annotated[
    UpdateWebhookInput, strawberry.argument(description="What changes of a webhook; what is left out stays.")
]


@strawberry.federation.mutation(
    description="Changes a webhook, or switches it on or off. Needs CODE_MANAGE on the team.", tags=["admin"]
)
async def update_webhook(info: Info, input: InputArgument) -> UpdateWebhookResult:
    events = None if input.events is None else [event.wire_name for event in input.events]
    try:
        changed = await info.context.webhooks.backend.change(input.id, input.url, events, input.active)
    except Problem as problem:
        return typed(problem, NotFound, ValidationFailed)
    return WebhookUpdated(webhook=Webhook.of(changed))
