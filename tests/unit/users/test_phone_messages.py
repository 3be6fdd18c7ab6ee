"""How a code travels: through Twilio with all its moods, at once or from the worker, and never twice at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from scripts.devtools.databases import ServiceDatabase
from services.kit.pg import Query
from services.users.backend import phone_messages_store
from tests.support import twilio
from tests.support.service import ServiceUnderTest, open_service
from tests.support.twilio import FakeTwilio
from tests.unit.users.test_phone import PHONE, confirm, start
from tests.unit.users.world import code_in, meet_after


@pytest.fixture
def network() -> Iterator[FakeTwilio]:
    with FakeTwilio() as fake:
        yield fake


@pytest.fixture
async def users(
    database: Callable[[str], ServiceDatabase], network: FakeTwilio
) -> AsyncIterator[ServiceUnderTest]:
    settings: dict[str, Any] = {
        "sms_provider": "twilio",
        "twilio_account_sid": twilio.ACCOUNT,
        "twilio_auth_token": twilio.TOKEN,
        "twilio_from": "MG0",
        "twilio_caller": "+12125550100",
        "twilio_url": network.url,
        "phone_resend_seconds": 0,
        "phone_cap_per_number": 1000,
        "phone_cap_per_user": 1000,
        "phone_cap_per_ip": 1000,
    }
    async with open_service("users", database("users").service_dsn, **settings) as service:
        yield service


async def work(users: ServiceUnderTest) -> int:
    """What the worker does once every message is due."""
    await users.resources.database.pool.execute("UPDATE phone_verification SET next_send_at = now()")
    users.resources.phone_messages._throttled_until = 0.0
    return await users.resources.phone_messages.send_due()


async def test_a_code_goes_out_and_is_confirmed(users: ServiceUnderTest, network: FakeTwilio) -> None:
    started = await start(users, locale="fr-CA", phone="+15142223333")
    [form] = network.received
    assert (form["To"], form["MessagingServiceSid"]) == ("+15142223333", "MG0")
    answer = await confirm(users, started["verificationId"], code_in({"body": form["Body"]}))
    assert answer["__typename"] == "PhoneConfirmed"
    assert await work(users) == 0


async def test_a_call_reads_it_out(users: ServiceUnderTest, network: FakeTwilio) -> None:
    started = await start(users, channel="VOICE", locale="en-IE")
    [form] = network.received
    assert 'language="en-GB"' in form["Twiml"]
    code = form["Twiml"].partition("code is: ")[2][: 6 * 3].replace(", ", "")[:6]
    assert (await confirm(users, started["verificationId"], code))["__typename"] == "PhoneConfirmed"


@pytest.mark.parametrize("code", [21211, 21408, 21614, 99999])
async def test_a_number_that_cannot_be_reached_ends_it(
    users: ServiceUnderTest, network: FakeTwilio, code: int
) -> None:
    network.answers = [twilio.error(code)]
    refused = await start(users, idempotencyKey="k")
    assert [(issue["path"], issue["code"]) for issue in refused["issues"]] == [(["phone"], "NOT_REACHABLE")]
    assert await work(users) == 0
    assert (await start(users, idempotencyKey="k"))["replayed"] is False, (
        "nothing had been sent under that key"
    )
    assert len(network.received) == 2


async def test_a_number_that_opted_out_is_not_told_from_any_other(
    users: ServiceUnderTest, network: FakeTwilio
) -> None:
    usual = await start(users, "ada")
    network.answers = [twilio.error(21610)]
    before = users.resources.database.statements
    opted_out = await start(users, "ada")
    assert users.resources.database.statements - before == 6
    assert opted_out.keys() == usual.keys()
    assert opted_out["__typename"] == "PhoneVerificationStarted"
    assert await work(users) == 0


@pytest.mark.parametrize(
    "answer",
    [twilio.error(20429, retry_after="30"), twilio.error(20003), twilio.raw(502, b"<html>")],
    ids=["throttled", "credentials", "gateway"],
)
async def test_what_the_network_does_not_take_is_sent_by_the_worker(
    users: ServiceUnderTest, network: FakeTwilio, answer: twilio.Answer
) -> None:
    network.answers = [answer, answer]
    started = await start(users)
    assert started["__typename"] == "PhoneVerificationStarted"
    assert await work(users) == 0
    assert await work(users) == 1
    sent = network.received[-1]
    assert (await confirm(users, started["verificationId"], code_in({"body": sent["Body"]})))[
        "__typename"
    ] == "PhoneConfirmed"


async def test_a_network_that_throttles_is_left_alone_for_as_long_as_it_says(
    users: ServiceUnderTest, network: FakeTwilio
) -> None:
    network.answers = [twilio.error(20429, retry_after="120")]
    for place in range(3):
        assert (await start(users, f"fan-{place}"))["__typename"] == "PhoneVerificationStarted"
    assert len(network.received) == 1
    waits = await users.resources.database.pool.fetch(
        "SELECT extract(epoch FROM next_send_at - now())::int AS seconds FROM phone_verification"
    )
    assert all(110 <= row["seconds"] <= 120 for row in waits)


async def test_the_wait_between_two_attempts_doubles_up_to_a_minute(
    users: ServiceUnderTest, network: FakeTwilio
) -> None:
    network.answers = [twilio.raw(503, b"")] * 9
    await start(users)
    waits: list[int] = []
    for _ in range(8):
        await work(users)
        waits.append(
            await users.resources.database.pool.fetchval(
                "SELECT round(extract(epoch FROM next_send_at - now()))::int FROM phone_verification"
            )
        )
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]


async def test_a_refusal_that_comes_late_ends_it_too(users: ServiceUnderTest, network: FakeTwilio) -> None:
    network.answers = [twilio.raw(503, b""), twilio.error(21614)]
    started = await start(users)
    assert await work(users) == 0
    assert (await confirm(users, started["verificationId"], "123456"))["__typename"] == "CodeExpired"
    assert await work(users) == 0
    assert len(network.received) == 2


async def test_a_worker_that_was_killed_leaves_its_messages_to_the_next(
    users: ServiceUnderTest, network: FakeTwilio
) -> None:
    network.answers = [twilio.raw(503, b""), twilio.hang]
    await start(users)
    dying = asyncio.create_task(work(users))
    while len(network.received) < 2:
        await asyncio.sleep(0.01)
    dying.cancel()
    assert await users.resources.phone_messages.send_due() == 0, "claimed for half a minute"
    assert await work(users) == 1


@pytest.mark.parametrize("claimed", [True, False], ids=["as built", "negative control"])
async def test_two_workers_do_not_send_the_same_message(
    users: ServiceUnderTest, network: FakeTwilio, monkeypatch: pytest.MonkeyPatch, claimed: bool
) -> None:
    network.answers = [twilio.raw(503, b"")] * 5
    for place in range(5):
        await start(users, f"fan-{place}")
    if not claimed:
        look = Query(
            "claim_unsent",
            "",
            "SELECT message_sealed FROM phone_verification WHERE message_sealed IS NOT NULL LIMIT $1",
            ("limit",),
        )
        monkeypatch.setitem(phone_messages_store.q.all, "claim_unsent", look)
        meet_after(monkeypatch, "claim_unsent", parties=2)
    await users.resources.database.pool.execute("UPDATE phone_verification SET next_send_at = now()")
    await asyncio.gather(*(users.resources.phone_messages.send_due() for _ in range(2)))
    assert (len(network.received) - 5 == 5) is claimed
    assert {form["To"] for form in network.received} == {PHONE}
