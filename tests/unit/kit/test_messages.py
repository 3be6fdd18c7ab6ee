"""Text messages and calls: the development outbox, Twilio's API with all its moods, and the settings that choose."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
from pydantic import SecretStr

from services.kit.errors import Unavailable
from services.kit.messages import Message, OutboxSender, Refused, Throttled
from services.kit.senders import MessageSettings, open_sender
from services.kit.settings import SettingsError
from services.kit.twilio import TwilioAccount, TwilioSender
from tests.support import twilio
from tests.support.ports import free_port
from tests.support.twilio import FakeTwilio

TEXT = Message("+12125550101", "123456 is your code & <more>.", "phv_1")
CALL = Message("+15142223333", "Votre code est 123456. Il est valable 10 minutes.", "phv_2", "VOICE", "fr-CA")


@pytest.fixture
def network() -> Iterator[FakeTwilio]:
    with FakeTwilio() as fake:
        yield fake


@pytest.fixture
def account(network: FakeTwilio) -> TwilioAccount:
    return TwilioAccount(
        twilio.ACCOUNT, SecretStr(twilio.TOKEN), "+12125550100", "+12125550100", network.url, timeout=30.0
    )


@pytest.fixture
async def sender(account: TwilioAccount) -> AsyncIterator[TwilioSender]:
    opened = TwilioSender(account)
    yield opened
    await opened.aclose()


async def test_a_text_is_taken_and_answered_with_its_sid(sender: TwilioSender, network: FakeTwilio) -> None:
    assert (await sender.send(TEXT)).startswith("SM")
    assert network.received == [
        {"path": "Messages.json", "To": TEXT.to, "From": "+12125550100", "Body": TEXT.body}
    ]


async def test_a_messaging_service_sends_under_its_sid(account: TwilioAccount, network: FakeTwilio) -> None:
    async with aclosing(TwilioSender(replace(account, sender="MG1", caller=None))) as sender:
        await sender.send(TEXT)
        assert network.received[0]["MessagingServiceSid"] == "MG1"
        assert "From" not in network.received[0]
        assert sender.channels == ("SMS",)
        with pytest.raises(Unavailable):
            await sender.send(CALL)


async def test_a_call_spells_the_code_twice_in_her_language(
    sender: TwilioSender, network: FakeTwilio
) -> None:
    assert (await sender.send(CALL)).startswith("CA")
    [form] = network.received
    assert (form["path"], form["To"], form["From"]) == ("Calls.json", CALL.to, "+12125550100")
    said = [e for e in ET.fromstring(form["Twiml"]) if e.tag == "Say"]  # noqa: S314 - our own
    assert [e.get("language") for e in said] == ["fr-CA", "fr-CA"]
    assert {e.text for e in said} == {"Votre code est 1, 2, 3, 4, 5, 6. Il est valable 10 minutes."}


async def test_what_is_said_cannot_break_out_of_its_element(
    sender: TwilioSender, network: FakeTwilio
) -> None:
    await sender.send(replace_body(CALL, "</Say><Redirect>http://evil.test</Redirect> & more"))
    tags = {element.tag for element in ET.fromstring(network.received[0]["Twiml"]).iter()}  # noqa: S314 - our own
    assert tags == {"Response", "Pause", "Say"}


def replace_body(message: Message, body: str) -> Message:
    return Message(message.to, body, message.reference, message.channel, message.locale)


REFUSED = {21211: "INVALID_NUMBER", 21215: "COUNTRY_NOT_SERVED", 21408: "COUNTRY_NOT_SERVED", 21610: "OPTED_OUT",
           21614: "UNREACHABLE", 99999: "REFUSED"}  # fmt: skip


@pytest.mark.parametrize("code", REFUSED)
async def test_a_number_that_can_never_be_reached(
    sender: TwilioSender, network: FakeTwilio, code: int
) -> None:
    network.answers = [twilio.error(code)]
    with pytest.raises(Refused) as refused:
        await sender.send(TEXT)
    assert refused.value.reason == REFUSED[code]
    assert TEXT.to not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "wait"),
    [("30", 30), ("0", 0), ("99999", 300), ("Wed, 21 Oct 2015 07:28:00 GMT", 1), ("-1", 1), ("", 1)],
)
async def test_too_many_says_when_to_try_again(
    sender: TwilioSender, network: FakeTwilio, given: str, wait: float
) -> None:
    network.answers = [twilio.error(20429, retry_after=given)]
    with pytest.raises(Throttled) as throttled:
        await sender.send(TEXT)
    assert throttled.value.retry_after == wait


@pytest.mark.parametrize(
    "answer",
    [
        twilio.error(20003),
        twilio.error(21606),
        twilio.raw(500, b"oops"),
        twilio.raw(502, b"<html>bad gateway</html>"),
        twilio.raw(503, b'{"code": [1]}'),
        twilio.raw(404, b"[]"),
        twilio.raw(302, b"", location="http://evil.test/"),
    ],
    ids=["credentials", "sender", "500", "html", "strange code", "list", "redirect"],
)
async def test_what_may_work_later(sender: TwilioSender, network: FakeTwilio, answer: twilio.Answer) -> None:
    network.answers = [answer]
    with pytest.raises(Unavailable) as unavailable:
        await sender.send(TEXT)
    assert not isinstance(unavailable.value, Throttled)
    assert len(network.received) == 1
    await sender.send(TEXT)


async def test_a_network_that_hangs_is_given_up_and_asked_once(
    account: TwilioAccount, network: FakeTwilio
) -> None:
    network.answers = [twilio.hang]
    async with aclosing(TwilioSender(replace(account, timeout=0.5))) as hasty:
        with pytest.raises(Unavailable):
            await hasty.send(TEXT)
    assert len(network.received) <= 1, "on a busy machine it may not even have heard of it"


async def test_an_answer_that_drips_is_cut_off_by_the_time_of_the_whole(account: TwilioAccount) -> None:
    class Dripping(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(201, content=_Slowly())

    async with aclosing(TwilioSender(replace(account, timeout=0.2), Dripping())) as sender:
        with pytest.raises(Unavailable):
            await sender.send(TEXT)


class _Slowly(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.02)
            yield b" "


async def test_nobody_listens(account: TwilioAccount) -> None:
    nowhere = replace(account, url=f"http://127.0.0.1:{free_port()}")
    async with aclosing(TwilioSender(nowhere)) as sender:
        with pytest.raises(Unavailable):
            await sender.send(TEXT)


async def test_the_proxy_of_the_environment_is_not_asked(
    account: TwilioAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with aclosing(TwilioSender(account)) as sender:
        assert await sender.send(TEXT)


async def test_no_log_holds_the_number(
    sender: TwilioSender, network: FakeTwilio, capfd: pytest.CaptureFixture[str]
) -> None:
    for code in twilio.ERRORS:
        network.answers = [twilio.error(code)]
        with pytest.raises((Refused, Unavailable)):
            await sender.send(TEXT)
    out, err = capfd.readouterr()
    assert "2125550101" not in out + err
    assert "twilio_code" in out + err


async def test_the_outbox_keeps_one_line_a_message(tmp_path: Path) -> None:
    outbox = OutboxSender(tmp_path / "new" / "sms.ndjson")
    ids = [await outbox.send(message) for message in (TEXT, CALL)]
    lines = [json.loads(line) for line in (tmp_path / "new" / "sms.ndjson").read_text().splitlines()]
    assert [line["id"] for line in lines] == ids
    assert [(line["to"], line["channel"], line["reference"]) for line in lines] == [
        (TEXT.to, "SMS", "phv_1"),
        (CALL.to, "VOICE", "phv_2"),
    ]
    assert (tmp_path / "new" / "sms.ndjson").stat().st_mode & 0o077 == 0


async def test_an_outbox_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(Unavailable):
        await OutboxSender(tmp_path / "file" / "sms.ndjson").send(TEXT)


SETTINGS: dict[str, Any] = {
    "backend_keys": ["k" * 32],
    "data_keys": ["t1:" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE"],
    "lookup_key": "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI",
}
TWILIO: dict[str, Any] = {
    **SETTINGS,
    "sms_provider": "twilio",
    "twilio_account_sid": "AC1",
    "twilio_auth_token": "secret",
    "twilio_from": "+12125550100",
}


@pytest.mark.parametrize("missing", ["twilio_account_sid", "twilio_auth_token", "twilio_from"])
def test_twilio_is_not_half_configured(missing: str) -> None:
    with pytest.raises(SettingsError, match=missing.upper()):
        MessageSettings.load(**{name: value for name, value in TWILIO.items() if name != missing})


async def test_production_refuses_the_outbox_by_name() -> None:
    with pytest.raises(SettingsError, match="SMS_PROVIDER"):
        MessageSettings.load(**SETTINGS, monoql_env="production")
    with pytest.raises(SettingsError, match="TWILIO_URL"):
        MessageSettings.load(**TWILIO, monoql_env="production", twilio_url="http://127.0.0.1:1")
    with pytest.raises(SettingsError, match="TWILIO_AUTH_TOKEN"):
        MessageSettings.load(
            **{**TWILIO, "monoql_env": "production", "twilio_auth_token": "development-token"}
        )
    settings = MessageSettings.load(**TWILIO, monoql_env="production")
    async with aclosing(open_sender(settings)) as sender:
        assert isinstance(sender, TwilioSender)
    assert "secret" not in repr(settings)


def test_development_uses_the_outbox() -> None:
    assert open_sender(MessageSettings.load(**SETTINGS)).channels == ("SMS", "VOICE")
