"""The job that sends what is due to webhooks."""

import asyncio
import time

from services.codes.backend import signatures_rules as signatures
from services.codes.backend.webhooks_sender import WebhookSender
from services.codes.backend.webhooks_store import Attempt, WebhookStore


async def send_due(store: WebhookStore, sender: WebhookSender) -> int:
    """Sends some of what is due, all at once; answers how many were taken.

    An attempt is counted before it is made: a worker that dies in it has made one, and the delivery is due again
    later. Receivers tell a second attempt by the event's id.
    """
    attempts = await store.claim()
    if not attempts:
        return 0
    results = await asyncio.gather(*(_send(sender, attempt) for attempt in attempts))
    await store.settle(attempts, results)
    return sum(failure is None for _, failure in results)


async def _send(sender: WebhookSender, attempt: Attempt) -> tuple[int | None, str | None]:
    moment = int(time.time())
    headers = {
        "content-type": "application/json",
        "user-agent": "MonoQL-Webhooks/1",
        "monoql-event": attempt.event_id,
        "monoql-attempt": str(attempt.number),
        signatures.TIMESTAMP: str(moment),
        signatures.SIGNATURE: signatures.sign(attempt.secrets, moment, attempt.body),
    }
    return await sender.post(attempt.url, attempt.body, headers)
