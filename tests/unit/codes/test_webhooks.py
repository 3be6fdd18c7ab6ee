"""Partners are told of what becomes of codes: what they want, signed, until they have it, without anybody's name."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from services.codes.backend import webhooks_jobs
from services.codes.backend.webhooks_rules import MOST_ATTEMPTS
from services.kit.ids import new_id
from tests.support import issuer
from tests.unit.codes.conftest import Codes
from tests.unit.codes.partner import Partner
from tests.unit.codes.platform import Platform, sale

BOTH = ["CODE_ASSIGNED", "CODE_REDEEMED"]
CREATED = """... on WebhookCreated { secret replayed webhook { id url events active failures oldSecretUntil } }
    ... on Error { code } ... on ValidationFailed { issues { path code } }"""
DELIVERIES = """... on Team { webhooks { id failures active deliveries { pageInfo { hasNextPage endCursor }
    nodes { eventId event state attempts status failure nextAttemptAt finishedAt } } } }"""


async def create(codes: Codes, url: str, events: list[str] = BOTH, **more: Any) -> dict[str, Any]:
    return await codes.mutate("createWebhook", CREATED, teamId=codes.team, url=url, events=events, **more)


async def send(codes: Codes) -> int:
    """What the worker does each second."""
    return await webhooks_jobs.send_due(codes.resources.webhooks, codes.resources.webhook_sender)


async def due_now(codes: Codes) -> None:
    """The pauses are over."""
    await codes.sql("UPDATE webhook_delivery SET next_attempt_at = now() WHERE state = 'PENDING'")
    await codes.sql("UPDATE webhook SET resume_at = now()")


async def deliveries(codes: Codes, token: str | None = None) -> list[dict[str, Any]]:
    [team] = await codes.service.entities(
        DELIVERIES, [{"__typename": "Team", "id": codes.team}], token=token or codes.manager
    )
    return [delivery for webhook in team["webhooks"] for delivery in webhook["deliveries"]["nodes"]]


async def test_a_partner_is_told_of_what_it_wants(codes: Codes) -> None:
    async with Partner() as everything, Partner() as sales:
        secret = (await create(codes, everything.url))["secret"]
        await create(codes, sales.url, ["CODE_REDEEMED"])
        winner, code = await codes.winner()
        await Platform(codes).report(sale(code, 2, externalId="order-1", redeemedAt="2026-05-01T10:00:00Z"))
        assert await send(codes) == 3
        assert await send(codes) == 0
        assert sorted(each.event["type"] for each in everything.received) == [
            "code.assigned",
            "code.redeemed",
        ]
        [received] = sales.received
        event = received.event
        [row] = await codes.sql("SELECT code_id FROM assignment")
        assert event["type"] == "code.redeemed"
        assert event["campaignId"] == codes.campaign
        assert event["data"] == {
            "codeId": row["code_id"],
            "selectionId": winner.id,
            "eventId": codes.events[0],
            "platform": "axs",
            "externalId": "order-1",
            "quantity": 2,
            "redeemedAt": "2026-05-01T10:00:00Z",
            "late": False,
        }
        assert received.headers["monoql-event"] == event["id"]
        assert all(each.is_signed_with(secret) for each in everything.received)
        assert not received.is_signed_with(secret)
        for each in [*everything.received, *sales.received]:
            assert winner.user.encode() not in each.body
            assert code.encode() not in each.body


async def test_what_counts_for_nothing_is_told_to_nobody(codes: Codes) -> None:
    async with Partner() as partner:
        await create(codes, partner.url, ["CODE_REDEEMED"])
        _, code = await codes.winner()
        report = sale(code, 1)
        await Platform(codes).report(sale(code, 9), report, report, sale("NO-SUCH-CODE"))
        await Platform(codes).report(report)
        assert await send(codes) == 1
        assert len(partner.received) == 1


async def test_another_teams_webhook_hears_nothing(codes: Codes) -> None:
    async with Partner() as partner:
        other = new_id("tea")
        token = codes.service.grant("other", "CODE_MANAGE", other)
        await codes.mutate("createWebhook", CREATED, token, teamId=other, url=partner.url, events=BOTH)
        _, code = await codes.winner()
        await Platform(codes).report(sale(code))
        assert await send(codes) == 0
        assert await codes.sql("SELECT FROM webhook_delivery") == []


async def test_it_is_tried_again_after_growing_pauses_and_given_up(codes: Codes) -> None:
    async with Partner(status=503) as partner:
        await create(codes, partner.url, ["CODE_ASSIGNED"])
        await codes.winner()
        pauses: list[float] = []
        for attempt in range(1, MOST_ATTEMPTS + 1):
            assert await send(codes) == 0
            assert len(partner.received) == attempt
            assert await send(codes) == 0, "not before its time"
            assert len(partner.received) == attempt
            [row] = await codes.sql(
                "SELECT round(extract(epoch FROM next_attempt_at - now())) AS pause, state FROM webhook_delivery"
            )
            pauses.append(float(row["pause"]))
            assert row["state"] == ("GAVE_UP" if attempt == MOST_ATTEMPTS else "PENDING")
            await due_now(codes)
        assert pauses == sorted(pauses)
        assert pauses[0] > 25
        assert len({received.event["id"] for received in partner.received}) == 1
        assert [r.headers["monoql-attempt"] for r in partner.received] == [
            str(n) for n in range(1, MOST_ATTEMPTS + 1)
        ]
        [given_up] = await deliveries(codes)
        assert (given_up["state"], given_up["status"], given_up["failure"]) == ("GAVE_UP", 503, "STATUS")
        assert given_up["nextAttemptAt"] is None
        partner.status = 204
        again = await codes.mutate(
            "redeliverWebhook",
            "... on WebhookRedelivered { delivery { state attempts } }",
            webhookId=(await codes.sql("SELECT id FROM webhook"))[0]["id"],
            eventId=given_up["eventId"],
        )
        assert again["delivery"] == {"state": "PENDING", "attempts": 0}
        assert await send(codes) == 1
        [taken] = await deliveries(codes)
        assert (taken["state"], taken["attempts"], taken["status"], taken["failure"]) == (
            "SUCCEEDED",
            1,
            204,
            None,
        )


async def test_a_dead_partner_holds_up_nobody(codes: Codes) -> None:
    async with Partner(status=500) as dead, Partner() as alive:
        await create(codes, dead.url, ["CODE_ASSIGNED"])
        await create(codes, alive.url, ["CODE_ASSIGNED"])
        await codes.winners(45)
        taken = [await send(codes) for _ in range(3)]
        assert sum(taken) == 45
        assert len(alive.received) == 45
        assert len(dead.received) == 20, "after the first failures it is left alone"


async def test_a_worker_that_dies_in_an_attempt_has_made_one(codes: Codes) -> None:
    async with Partner() as partner:
        await create(codes, partner.url, ["CODE_ASSIGNED"])
        await codes.winner()
        assert len(await codes.resources.webhooks.claim()) == 1
        # It died here, before or after the partner was told: the delivery waits, and is tried again.
        assert await send(codes) == 0
        await due_now(codes)
        assert await send(codes) == 1
        assert [delivery["attempts"] for delivery in await deliveries(codes)] == [2]


async def test_eight_workers_send_each_event_once(codes: Codes) -> None:
    async with Partner() as partner:
        await create(codes, partner.url, ["CODE_ASSIGNED"])
        await codes.winners(60)
        while sum(await asyncio.gather(*(send(codes) for _ in range(8)))):
            pass
        counted = Counter(received.event["id"] for received in partner.received)
        assert len(counted) == 60
        assert set(counted.values()) == {1}


async def test_both_secrets_sign_while_one_replaces_the_other(codes: Codes) -> None:
    async with Partner() as partner:
        created = await create(codes, partner.url, ["CODE_ASSIGNED"])
        fields = "... on WebhookSecretRotated { secret webhook { oldSecretUntil } }"
        rotated = await codes.mutate("rotateWebhookSecret", fields, id=created["webhook"]["id"])
        assert rotated["webhook"]["oldSecretUntil"] is not None
        await codes.winners(1)
        await send(codes)
        assert all(
            partner.received[0].is_signed_with(each) for each in (created["secret"], rotated["secret"])
        )
        await codes.sql("UPDATE webhook SET old_secret_until = now()")
        await codes.winners(1, codes.events[1])
        await send(codes)
        assert partner.received[1].is_signed_with(rotated["secret"])
        assert not partner.received[1].is_signed_with(created["secret"])


async def test_it_is_changed_switched_off_and_deleted(codes: Codes) -> None:
    async with Partner() as old, Partner() as new:
        id_ = (await create(codes, old.url, ["CODE_REDEEMED"]))["webhook"]["id"]
        fields = "... on WebhookUpdated { webhook { url events active } } ... on NotFound { message }"
        updated = await codes.mutate("updateWebhook", fields, id=id_, url=new.url, events=["CODE_ASSIGNED"])
        assert updated["webhook"] == {"url": new.url, "events": ["CODE_ASSIGNED"], "active": True}
        await codes.winners(1)
        await codes.mutate("updateWebhook", fields, id=id_, active=False)
        await codes.winners(1, codes.events[1])
        assert await send(codes) == 0
        await codes.mutate("updateWebhook", fields, id=id_, active=True)
        assert await send(codes) == 1
        assert (len(old.received), len(new.received)) == (0, 1)
        await codes.mutate("deleteWebhook", "... on WebhookDeleted { id }", id=id_)
        assert await codes.sql("SELECT FROM webhook_delivery") == []
        again = await codes.mutate("deleteWebhook", "... on WebhookDeleted { id }", id=id_)
        assert again == {"__typename": "WebhookDeleted", "id": id_}
        for mutation in ("updateWebhook", "rotateWebhookSecret"):
            assert (await codes.mutate(mutation, "", id=id_))["__typename"] == "NotFound"
        assert await deliveries(codes) == []
        actions = [event["action"] for event in codes.audit if "ebhook" in event["action"]]
        assert actions == ["createWebhook", *["updateWebhook"] * 3, "deleteWebhook"]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"url": "http://partner.example/"}, ["url"]),
        ({"url": "https://169.254.169.254/latest/"}, ["url"]),
        ({"url": "https://user@partner.example/"}, ["url"]),
        ({"url": "https://partner.example:25/"}, ["url"]),
        ({"events": []}, ["events"]),
        ({"events": ["CODE_ASSIGNED"] * 11}, ["events"]),
        ({"idempotencyKey": ""}, ["idempotencyKey"]),
    ],
)
async def test_bad_input_is_named(codes: Codes, wrong: dict[str, Any], path: list[str]) -> None:
    given: dict[str, Any] = {"url": "https://partner.example/", "events": BOTH, **wrong}
    answer = await create(codes, **given)
    assert answer["__typename"] == "ValidationFailed", answer
    assert answer["issues"][0]["path"] == path
    assert await codes.sql("SELECT FROM webhook") == []


async def test_the_same_key_makes_one_and_shows_its_secret_again(codes: Codes) -> None:
    first = await create(codes, "https://partner.example/", idempotencyKey="key")
    assert await create(codes, "https://partner.example/", idempotencyKey="key") == first | {"replayed": True}
    other = await create(codes, "https://partner.example/x", idempotencyKey="key")
    assert other["__typename"] == "IdempotencyMismatch"
    [row] = await codes.sql("SELECT * FROM webhook")
    assert first["secret"].encode() not in row["secret_sealed"]
    assert b"partner" not in row["url_sealed"]


async def test_a_team_has_twenty_at_most_however_many_ask_at_once(codes: Codes) -> None:
    answers = await asyncio.gather(*(create(codes, f"https://partner.example/{n}") for n in range(25)))
    assert Counter(answer["__typename"] for answer in answers) == {"WebhookCreated": 20, "TooManyWebhooks": 5}
    assert len(await codes.sql("SELECT FROM webhook")) == 20


NEEDED = {
    "createWebhook": {"teamId": "team", "url": "https://partner.example/", "events": BOTH},
    "updateWebhook": {"id": "webhook", "active": False},
    "rotateWebhookSecret": {"id": "webhook"},
    "deleteWebhook": {"id": "webhook"},
    "redeliverWebhook": {"webhookId": "webhook", "eventId": "event"},
}


@pytest.mark.parametrize("mutation", NEEDED)
async def test_only_who_manages_codes_on_the_team_will_do(codes: Codes, mutation: str) -> None:
    id_ = (await create(codes, "https://partner.example/"))["webhook"]["id"]
    await codes.winner()
    [row] = await codes.sql("SELECT event_id FROM webhook_delivery")
    things = {"team": codes.team, "webhook": id_, "event": row["event_id"]}
    given = {name: things.get(str(value), value) for name, value in NEEDED[mutation].items()}
    refused = [
        None,
        issuer.token("fan"),
        codes.service.grant("reader", "CODE_READ", codes.team),
        codes.service.grant("of-campaign", "CODE_MANAGE", codes.campaign),
        codes.service.grant("elsewhere", "CODE_MANAGE", new_id("tea")),
    ]
    for token in refused:
        answer = await codes.try_to(mutation, "", token, **given)
        assert answer["errors"][0]["extensions"]["code"] == ("FORBIDDEN" if token else "UNAUTHENTICATED")
        [team] = await codes.service.entities(
            "... on Team { id webhooks { id } }", [{"__typename": "Team", "id": codes.team}], token=token
        )
        assert team == {"id": codes.team, "webhooks": None}
    answer = await codes.try_to(mutation, "", codes.manager, **given)
    assert "errors" not in answer, answer


async def test_deliveries_are_read_in_pages_of_one_request_and_one_statement(codes: Codes) -> None:
    for n in range(3):
        await create(codes, f"https://partner.example/{n}", ["CODE_ASSIGNED"])
    await codes.winners(5)
    requests, statements = len(codes.service.requests), codes.resources.database.statements
    page = "deliveries(first: 2) { nodes { eventId } pageInfo { hasNextPage endCursor } }"
    [team] = await codes.service.entities(
        f"... on Team {{ webhooks {{ id {page} }} }}",
        [{"__typename": "Team", "id": codes.team}],
        token=codes.manager,
    )
    assert codes.service.requests[requests:] == [
        "POST /partner-webhooks/batch",
        "POST /partner-webhooks/deliveries",
    ]
    assert codes.resources.database.statements - statements == 2
    first = team["webhooks"][0]["deliveries"]
    assert (len(first["nodes"]), first["pageInfo"]["hasNextPage"]) == (2, True)
    seen = [node["eventId"] for node in first["nodes"]]
    while first["pageInfo"]["hasNextPage"]:
        after = first["pageInfo"]["endCursor"]
        page = f'deliveries(first: 2, after: "{after}") {{ nodes {{ eventId }} pageInfo {{ hasNextPage endCursor }} }}'
        [team] = await codes.service.entities(
            f"... on Team {{ webhooks {{ {page} }} }}",
            [{"__typename": "Team", "id": codes.team}],
            token=codes.manager,
        )
        first = team["webhooks"][0]["deliveries"]
        seen += [node["eventId"] for node in first["nodes"]]
    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen, reverse=True)


async def test_old_deliveries_are_forgotten(codes: Codes) -> None:
    async with Partner() as partner:
        await create(codes, partner.url, ["CODE_ASSIGNED"])
        await codes.winners(2)
        await send(codes)
        await codes.sql(
            "UPDATE webhook_delivery SET finished_at = now() - interval '31 days' "
            "WHERE event_id = (SELECT min(event_id) FROM webhook_delivery)"
        )
        assert await codes.resources.webhooks.forget() == 1
        assert len(await deliveries(codes)) == 1
