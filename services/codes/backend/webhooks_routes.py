"""Outgoing webhooks over REST."""

from services.codes.backend import webhooks_wire as wire
from services.kit.rest import Api, Call

api = Api("Code Service: webhooks", "1.0.0")


@api.post("/partner-webhooks", wire.NewWebhook, wire.WebhookSecret)
async def make_webhook(call: Call[wire.NewWebhook]) -> wire.WebhookSecret:
    """Makes a team's webhook; its secret is answered here and never again but for the same idempotency key."""
    return await call.service.webhooks.make(call.require_actor(), call.body)


@api.post("/partner-webhooks/batch", wire.WebhookQuestions, wire.Webhooks)
async def get_webhooks(call: Call[wire.WebhookQuestions]) -> wire.Webhooks:
    """Reads webhooks by their ids or their teams'; unknown ids are left out."""
    return wire.Webhooks(await call.service.webhooks.webhooks(call.body.ids, call.body.team_ids))


@api.post("/partner-webhooks/deliveries", wire.DeliveryPageRequests, wire.DeliveryPages)
async def list_deliveries(call: Call[wire.DeliveryPageRequests]) -> wire.DeliveryPages:
    """Reads pages of what was sent to webhooks, newest first."""
    return wire.DeliveryPages(await call.service.webhooks.deliveries(call.body.pages))


@api.post("/partner-webhooks/{id}", wire.WebhookChange, wire.Webhook)
async def change_webhook(call: Call[wire.WebhookChange]) -> wire.Webhook:
    """Changes a webhook's URL or events, or switches it on or off."""
    return await call.service.webhooks.change(call.require_actor(), call.path("id"), call.body)


@api.post("/partner-webhooks/{id}/secret", None, wire.WebhookSecret)
async def rotate_secret(call: Call[None]) -> wire.WebhookSecret:
    """Gives a webhook a new secret; the old one signs beside it for a day."""
    return await call.service.webhooks.rotate(call.require_actor(), call.path("id"))


@api.delete("/partner-webhooks/{id}")
async def delete_webhook(call: Call[None]) -> None:
    """Forgets a webhook and what was sent to it."""
    await call.service.webhooks.delete(call.require_actor(), call.path("id"))


@api.post("/partner-webhooks/{id}/deliveries/{event_id}", None, wire.Delivery)
async def redeliver(call: Call[None]) -> wire.Delivery:
    """Sends an event to a webhook once more."""
    return await call.service.webhooks.redeliver(call.require_actor(), call.path("id"), call.path("event_id"))
