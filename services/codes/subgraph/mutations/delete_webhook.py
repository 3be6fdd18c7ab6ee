"""deleteWebhook: nothing is sent there any more."""

from typing import Annotated

import strawberry

from services.codes.subgraph.webhooks_types import Info
from services.kit.types import ID, NotFound, typed
from services.kit.upstream import Problem


@strawberry.federation.input(tags=["admin"], description="Which webhook goes.")
class DeleteWebhookInput:
    id: ID = strawberry.field(description="The webhook.")


@strawberry.federation.type(tags=["admin"], description="The webhook is gone, and what was sent to it.")
class WebhookDeleted:
    id: ID = strawberry.field(description="The webhook that was.")


DeleteWebhookResult = Annotated[
    WebhookDeleted | NotFound,
    strawberry.federation.union(
        "DeleteWebhookResult", description="What became of deleteWebhook.", tags=["admin"]
    ),
]
InputArgument = Annotated[DeleteWebhookInput, strawberry.argument(description="Which webhook goes.")]


@strawberry.federation.mutation(
    description="Deletes a webhook with its deliveries; twice is once. Needs CODE_MANAGE on the team.",
    tags=["admin"],
)
async def delete_webhook(info: Info, input: InputArgument) -> DeleteWebhookResult:
    try:
        await info.context.webhooks.backend.delete(input.id)
    except Problem as problem:
        return typed(problem, NotFound)
    return WebhookDeleted(id=input.id)
