"""Each winner is told her code once, whatever dies on the way; what was refused or is unknown is said."""

import asyncio
import dataclasses
from collections import Counter
from typing import Any

import httpx
import pytest

from services.codes.backend.deliveries_jobs import Courier
from services.codes.backend.deliveries_rules import MOST_ATTEMPTS
from services.codes.backend.mail_sender import Mail, Unsure
from services.kit.errors import Unavailable
from services.kit.ids import new_id
from services.kit.messages import Channel, Message, Refused, Throttled
from tests.support import issuer
from tests.unit.codes.conftest import Codes
from tests.unit.codes.entries_peer import Winner

FIELDS = "deliveries { channel state failure at }"


class Network:
    """A telephone network and mail server in one: it answers as told, and keeps what it took."""

    channels: tuple[Channel, ...] = ("SMS",)

    def __init__(self, *answers: Exception) -> None:
        self.answers = list(answers)
        self.taken: list[Message | Mail] = []

    async def send(self, message: Any) -> str:
        if self.answers:
            raise self.answers.pop(0)
        self.taken.append(message)
        return f"id-{len(self.taken)}"

    async def aclose(self) -> None: ...


def courier(codes: Codes, **changes: Any) -> Courier:
    return dataclasses.replace(codes.resources.courier, **changes)


async def won(codes: Codes, count: int = 1, **contact: Any) -> list[Winner]:
    """Winners with released codes whom nobody has told yet, each reached by `contact` or at a number of her own."""
    winners, _ = await codes.winners(count)
    for place, winner in enumerate(winners):
        codes.reach(winner.user, **({"phone": f"+1202555{place:04}"} | contact))
    return winners


async def due_now(codes: Codes) -> None:
    """The pauses are over."""
    await codes.sql("UPDATE delivery SET next_attempt_at = now() WHERE state = 'QUEUED'")


async def told(codes: Codes, winner: Winner) -> list[dict[str, Any]]:
    """A code's deliveries as the code manager sees them."""
    [found] = await codes.service.entities(
        f"... on Selection {{ accessCode {{ {FIELDS} }} }}",
        [{"__typename": "Selection", "id": winner.id}],
        token=codes.manager,
    )
    return [{k: v for k, v in each.items() if k != "at"} for each in found["accessCode"]["deliveries"]]


async def test_each_winner_gets_one_message_in_her_language(codes: Codes) -> None:
    winners = await won(codes, 3)
    codes.reach(winners[1].user, phone="+15145550100", locale="fr-CA")
    codes.reach(winners[2].user, email="fan@example.com", locale="es-MX")
    clear = [await codes.clear(winner) for winner in winners]
    assert codes.messages == []
    for _ in range(3):
        await codes.resources.courier.deliver()
    found = {message["to"]: message for message in codes.messages}
    assert len(codes.messages) == len(found) == 3
    assert found["+12025550000"]["body"] == (
        f"The Tour! {clear[0]} for Night 1: https://fans.example/campaigns/the-tour"
    )
    assert found["+15145550100"]["body"] == f"La Tournée\u00a0: {clear[1]}"
    mail = found["fan@example.com"]
    assert (mail["channel"], mail["subject"]) == ("EMAIL", "Tu código de acceso para The Tour")
    assert clear[2] in mail["body"]
    channels = [(await told(codes, winner))[0]["channel"] for winner in winners]
    assert channels == ["SMS", "SMS", "EMAIL"]
    [row] = await codes.sql("SELECT id FROM distribution")
    poll = "query ($id: ID!) { codeDistribution(id: $id) { delivered assigned } }"
    assert (await codes.ask(poll, id=row["id"]))["codeDistribution"] == {"delivered": 3, "assigned": 3}


async def test_nobody_is_told_before_all_have_a_code_and_no_contact_is_kept(codes: Codes) -> None:
    await codes.pool(codes.events[0], 2)
    winners = [Winner(codes.events[0]) for _ in range(2)]
    await codes.assign(codes.entries.wave(codes.campaign, winners))
    await codes.resources.courier.deliver()
    assert codes.messages == []
    await codes.work()
    codes.reach(winners[0].user, phone="+12025550177", email="canary@example.com")
    await codes.resources.courier.deliver()
    rows = await codes.sql("SELECT to_jsonb(d)::text AS row FROM delivery d")
    assert not any("2025550177" in row["row"] or "canary" in row["row"] for row in rows)
    assert (await told(codes, winners[1])) == [{"channel": None, "state": "FAILED", "failure": "NO_CONTACT"}]


async def test_a_sent_code_counts_as_seen(codes: Codes) -> None:
    await won(codes)
    assert (await codes.sql("SELECT revealed_at FROM assignment"))[0]["revealed_at"] is None
    network = Network(Unavailable("away"))
    await courier(codes, sms=network).deliver()
    assert (await codes.sql("SELECT revealed_at FROM assignment"))[0]["revealed_at"] is not None


async def test_a_refusal_goes_to_the_other_channel_once(codes: Codes) -> None:
    [winner] = await won(codes, phone="+12025550123", email="fan@example.com")
    sms, mail = Network(Refused("OPTED_OUT")), Network()
    bringing = courier(codes, sms=sms, mail=mail)
    for _ in range(3):
        await bringing.deliver()
    assert (len(sms.taken), len(mail.taken)) == (0, 1)
    assert await told(codes, winner) == [
        {"channel": "SMS", "state": "FAILED", "failure": "OPTED_OUT"},
        {"channel": "EMAIL", "state": "SENT", "failure": None},
    ]


async def test_both_channels_refuse(codes: Codes) -> None:
    [winner] = await won(codes, phone="+12025550123", email="fan@example.com")
    sms, mail = Network(Refused("INVALID_NUMBER")), Network(Refused("INVALID_ADDRESS"))
    bringing = courier(codes, sms=sms, mail=mail)
    for _ in range(4):
        await bringing.deliver()
    assert [each["failure"] for each in await told(codes, winner)] == ["INVALID_NUMBER", "INVALID_ADDRESS"]
    assert sms.taken == mail.taken == []


async def test_what_was_certainly_not_taken_is_sent_again(codes: Codes) -> None:
    [winner] = await won(codes)
    never_connected = Unavailable("away")
    never_connected.__cause__ = httpx.ConnectError("refused")
    network = Network(Throttled(30), Unavailable("said no"), never_connected)
    bringing = courier(codes, sms=network)
    for _ in range(3):
        await bringing.deliver()
        await bringing.deliver()
        assert (await told(codes, winner))[0]["state"] == "QUEUED"
        await due_now(codes)
    assert network.answers == []
    await bringing.deliver()
    assert len(network.taken) == 1
    assert await told(codes, winner) == [{"channel": "SMS", "state": "SENT", "failure": None}]


async def test_a_network_that_is_away_for_long_is_given_up(codes: Codes) -> None:
    [winner] = await won(codes)
    network = Network(*(Unavailable("away") for _ in range(MOST_ATTEMPTS)))
    for _ in range(MOST_ATTEMPTS):
        await courier(codes, sms=network).deliver()
        await due_now(codes)
    assert await told(codes, winner) == [{"channel": "SMS", "state": "FAILED", "failure": "UNAVAILABLE"}]


def silent(cause: BaseException) -> Exception:
    error = Unavailable("The telephone network does not answer.")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "answer",
    [silent(httpx.ReadTimeout("")), silent(TimeoutError()), silent(httpx.RemoteProtocolError("")), Unsure()],
)
async def test_what_may_have_been_taken_is_not_sent_again(codes: Codes, answer: Exception) -> None:
    [winner] = await won(codes)
    network = Network(answer)
    for _ in range(3):
        await courier(codes, sms=network).deliver()
        await due_now(codes)
    assert network.taken == []
    assert await told(codes, winner) == [{"channel": "SMS", "state": "FAILED", "failure": "UNKNOWN_OUTCOME"}]


async def test_a_worker_killed_while_sending_leaves_a_message_that_is_not_sent_again(codes: Codes) -> None:
    [winner] = await won(codes)
    reached = asyncio.Event()

    class Slow(Network):
        async def send(self, message: Any) -> str:
            reached.set()
            await asyncio.Event().wait()
            return ""

    task = asyncio.ensure_future(courier(codes, sms=Slow()).deliver())
    await reached.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    network = Network()
    await due_now(codes)
    await courier(codes, sms=network).deliver()
    assert (await told(codes, winner))[0]["state"] == "SENDING"
    await codes.resources.deliveries.give_up_unknown()
    assert (await told(codes, winner))[0]["state"] == "SENDING", "not before its time"
    await codes.sql("UPDATE delivery SET sending_at = now() - interval '3 minutes'")
    await codes.resources.deliveries.give_up_unknown()
    assert await told(codes, winner) == [{"channel": "SMS", "state": "FAILED", "failure": "UNKNOWN_OUTCOME"}]
    assert network.taken == []


async def test_a_worker_killed_before_sending_loses_nothing(codes: Codes) -> None:
    await won(codes, 3)
    assert len(await codes.resources.deliveries.lease(10)) == 3
    network = Network()
    await courier(codes, sms=network).deliver()
    assert network.taken == [], "another worker had them for a minute"
    await due_now(codes)
    await courier(codes, sms=network).deliver()
    assert len(network.taken) == 3


async def test_workers_killed_at_any_moment_send_each_message_once_at_most(codes: Codes) -> None:
    """Thirty kills at whatever point; what was not on the wire then arrives, and nothing twice."""
    await won(codes, 40)
    network = Network()
    for steps in range(30):
        task = asyncio.ensure_future(courier(codes, sms=network, per_second=5).deliver())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await due_now(codes)
    while await codes.sql("SELECT FROM delivery WHERE state = 'QUEUED'"):
        await due_now(codes)
        await courier(codes, sms=network).deliver()
    sent = Counter(message.reference for message in network.taken)
    assert set(sent.values()) == {1}
    states = Counter(row["state"] for row in await codes.sql("SELECT state FROM delivery"))
    assert states.total() == 40
    assert states["SENT"] <= len(sent) <= 40
    assert len(sent) + states["SENDING"] >= 40


async def test_eight_workers_send_each_message_once(codes: Codes) -> None:
    await won(codes, 60)
    network = Network()
    while await codes.sql("SELECT FROM delivery WHERE state = 'QUEUED'"):
        await due_now(codes)
        await asyncio.gather(*(courier(codes, sms=network).deliver() for _ in range(8)))
    assert Counter(message.reference for message in network.taken).most_common(1)[0][1] == 1
    assert len(network.taken) == 60


async def test_without_the_point_of_no_return_eight_workers_would_send_more(
    codes: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: with a worker's word for it that the message is unsent, the assertion above fails."""
    await won(codes, 5)

    async def always(*_: object) -> bool:
        return True

    monkeypatch.setattr(type(codes.resources.deliveries), "begin", always)
    network = Network()
    jobs = await codes.resources.deliveries.lease(10)
    for _ in range(2):
        for job in jobs:
            contact = await courier(codes)._contacts([job])
            await courier(codes, sms=network)._deliver(job, contact[job.user_id])
    assert Counter(message.reference for message in network.taken).most_common(1)[0][1] == 2


async def test_a_second_has_its_share(codes: Codes) -> None:
    await won(codes, 10)
    network = Network()
    assert await courier(codes, sms=network, per_second=4).deliver() == 0
    assert len(network.taken) == 4


async def test_while_nobody_says_how_fans_are_reached_codes_wait(
    codes: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    [winner] = await won(codes)

    async def away(*_: object, **__: object) -> Any:
        raise Unavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(type(codes.resources.peer("users")), "call", away)
        await codes.resources.courier.deliver()
    assert (await told(codes, winner))[0]["state"] == "QUEUED"
    await due_now(codes)
    await codes.resources.courier.deliver()
    assert (await told(codes, winner))[0]["state"] == "SENT"


async def test_a_batch_asks_for_all_contacts_at_once(codes: Codes) -> None:
    await won(codes, 20)
    before = codes.resources.peer("users").calls
    await courier(codes, sms=Network()).deliver()
    assert codes.resources.peer("users").calls - before == 1


RESENT = """... on CodeResent { replayed accessCode { deliveries { state } } } ... on Error { code }
    ... on RateLimited { retryAfterSeconds }"""


async def code_id(codes: Codes) -> str:
    [row] = await codes.sql("SELECT code_id FROM assignment")
    return row["code_id"]


async def test_a_code_is_sent_once_more_but_not_at_once(codes: Codes) -> None:
    [winner] = await won(codes)
    await codes.resources.courier.deliver()
    id_ = await code_id(codes)
    refused = await codes.mutate("resendCode", RESENT, codeId=id_)
    assert refused["__typename"] == "RateLimited"
    assert 0 < refused["retryAfterSeconds"] <= 600
    await codes.sql("UPDATE delivery SET created_at = created_at - interval '11 minutes'")
    codes.reach(winner.user, phone="+12025550199")
    answers = await asyncio.gather(*(codes.mutate("resendCode", RESENT, codeId=id_) for _ in range(8)))
    assert Counter(answer["__typename"] for answer in answers) == {"CodeResent": 1, "RateLimited": 7}
    await codes.resources.courier.deliver()
    assert [message["to"] for message in codes.messages] == ["+12025550000", "+12025550199"]
    assert [event["action"] for event in codes.audit].count("resendCode") == 1


async def test_a_code_is_sent_six_times_at_most(codes: Codes) -> None:
    await won(codes)
    id_ = await code_id(codes)
    for _ in range(5):
        await codes.sql("UPDATE delivery SET created_at = created_at - interval '11 minutes'")
        assert (await codes.mutate("resendCode", RESENT, codeId=id_))["__typename"] == "CodeResent"
    await codes.sql("UPDATE delivery SET created_at = created_at - interval '11 minutes'")
    assert (await codes.mutate("resendCode", RESENT, codeId=id_))["__typename"] == "TooManyMessages"


async def test_the_same_key_sends_once(codes: Codes) -> None:
    await won(codes)
    id_ = await code_id(codes)
    await codes.sql("UPDATE delivery SET created_at = created_at - interval '11 minutes'")
    first = await codes.mutate("resendCode", RESENT, codeId=id_, idempotencyKey="key")
    again = await codes.mutate("resendCode", RESENT, codeId=id_, idempotencyKey="key")
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert len(await codes.sql("SELECT FROM delivery")) == 2


async def test_what_is_not_released_or_used_is_not_sent(codes: Codes) -> None:
    await codes.pool(codes.events[0], 2)
    await codes.assign(codes.entries.wave(codes.campaign, [Winner(codes.events[0])]))
    [row] = await codes.sql("SELECT id FROM code LIMIT 1")
    assert (await codes.mutate("resendCode", RESENT, codeId=row["id"]))["__typename"] == "NothingToSend"
    await codes.work()
    await codes.sql("UPDATE assignment SET redeemed = 1, redemptions = 1, redeemed_at = now()")
    refused = await codes.mutate("resendCode", RESENT, codeId=await code_id(codes))
    assert refused["__typename"] == "NothingToSend"


async def test_who_may_send_a_code_again(codes: Codes) -> None:
    await won(codes)
    id_ = await code_id(codes)
    for token in (
        None,
        issuer.token("fan"),
        codes.service.grant("reader", "CODE_READ", codes.team),
        codes.service.grant("elsewhere", "CODE_MANAGE", new_id("tea")),
    ):
        for asked in (id_, new_id("cod"), "x"):
            answer = await codes.try_to("resendCode", RESENT, token, codeId=asked)
            expected = "UNAUTHENTICATED" if token is None else "FORBIDDEN"
            assert answer["errors"][0]["extensions"]["code"] == expected


async def test_deliveries_of_fifty_codes_are_one_request_and_one_statement(codes: Codes) -> None:
    winners = await won(codes, 50)
    requests, statements = len(codes.service.requests), codes.resources.database.statements
    found = await codes.service.entities(
        f"... on Selection {{ accessCode {{ {FIELDS} }} }}",
        [{"__typename": "Selection", "id": winner.id} for winner in winners],
        token=codes.manager,
    )
    assert all(len(each["accessCode"]["deliveries"]) == 1 for each in found)
    assert codes.service.requests[requests:] == ["POST /codes/batch", "POST /deliveries/batch"]
    assert codes.resources.database.statements - statements == 2
