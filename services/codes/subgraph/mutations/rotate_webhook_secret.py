"""rotateWebhookSecret: a new secret signs, and for a day the old one beside it."""

from typing import Annotated

import strawberry

from services.codes.subgraph.webhooks_types import Info, Webhook
from services.kit.types import ID, NotFound, typed
from services.kit.upstream import Problem


@strawberry.federation.input(tags=["admin"], description="Which webhook gets a new secret.")
class RotateWebhookSecretInput:
    id: ID = strawberry.field(description="The webhook.")


@strawberry.federation.type(tags=["admin"], description="The webhook signs with a new secret.")
class WebhookSecretRotated:
    webhook: Webhook = strawberry.field(description="The webhook; `oldSecretUntil` says how long both sign.")
    secret: str = strawberry.field(description="The new secret. Keep it: it is shown here only.")


RotateWebhookSecretResult = Annotated[
    WebhookSecretRotated | NotFound,
    strawberry.federation.union(
        "RotateWebhookSecretResult", description="What became of rotateWebhookSecret.", tags=["admin"]
    ),
]
InputArgument = Annotated[
    RotateWebhookSecretInput, strawberry.argument(description="Which webhook gets a new secret.")
]


@strawberry.federation.mutation(
    description="Gives a webhook a new secret. For a day each event carries two signatures, one under each. "
    "Needs CODE_MANAGE on the team.",
    tags=["admin"],
)
async def rotate_webhook_secret(info: Info, input: InputArgument) -> RotateWebhookSecretResult:
    try:
        rotated = await info.context.webhooks.backend.rotate(input.id)
    except Problem as problem:
        return typed(problem, NotFound)
    return WebhookSecretRotated(webhook=Webhook.of(rotated.webhook), secret=rotated.secret)
