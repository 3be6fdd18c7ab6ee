"""Who may see and administer a team's outgoing webhooks: who manages codes on the whole team."""

from typing import Any

from services.kit.access import Permission, Scope
from services.kit.policy import PUBLIC, Rule, permission


async def _team_of_input(source: Any, info: Any, arguments: dict[str, Any]) -> Scope | None:
    return Scope(arguments["input"]["teamId"])


async def _team_of_webhook(source: Any, info: Any, arguments: dict[str, Any]) -> Scope | None:
    given = arguments["input"]
    webhook = await info.context.webhooks.by_id.load(given.get("webhookId") or given.get("id") or "")
    return webhook and Scope(webhook.team_id)


WEBHOOKS: dict[str, Rule] = {
    "Mutation.createWebhook": permission(Permission.CODE_MANAGE, _team_of_input),
    "Mutation.updateWebhook": permission(Permission.CODE_MANAGE, _team_of_webhook),
    "Mutation.rotateWebhookSecret": permission(Permission.CODE_MANAGE, _team_of_webhook),
    "Mutation.deleteWebhook": permission(Permission.CODE_MANAGE, _team_of_webhook),
    "Mutation.redeliverWebhook": permission(Permission.CODE_MANAGE, _team_of_webhook),
    "Team.*": PUBLIC,
    "Webhook.*": PUBLIC,
    "WebhookDelivery.*": PUBLIC,
    "WebhookDeliveryConnection.*": PUBLIC,
    "WebhookDeliveryEdge.*": PUBLIC,
    "PageInfo.*": PUBLIC,
    "WebhookCreated.*": PUBLIC,
    "WebhookUpdated.*": PUBLIC,
    "WebhookSecretRotated.*": PUBLIC,
    "WebhookDeleted.*": PUBLIC,
    "WebhookRedelivered.*": PUBLIC,
    "TooManyWebhooks.*": PUBLIC,
}
