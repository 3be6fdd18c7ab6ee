"""startPhoneVerification and confirmPhoneVerification: a phone becomes a fan's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.devtools.databases import ServiceDatabase
from tests.support import issuer
from tests.support.service import ServiceUnderTest, open_service
from tests.unit.users.world import EntriesPeer, code_in, deliver_all, other_code, record_statements, sent

START = """mutation ($input: StartPhoneVerificationInput!) { startPhoneVerification(input: $input) {
    __typename
    ... on PhoneVerificationStarted { verificationId expiresAt attemptsLeft resendAfterSeconds replayed }
    ... on RateLimited { retryAfterSeconds }
    ... on ValidationFailed { issues { path code message } }
    ... on Error { code message }
} }"""
CONFIRM = """mutation ($input: ConfirmPhoneVerificationInput!) { confirmPhoneVerification(input: $input) {
    __typename
    ... on PhoneConfirmed { user { id phone phoneVerifiedAt } }
    ... on CodeIncorrect { attemptsLeft }
    ... on ValidationFailed { issues { path code } }
    ... on Error { code message }
} }"""
PHONE = "+12125550101"


async def start(
    users: ServiceUnderTest, subject: str = "ada", phone: str = PHONE, **more: Any
) -> dict[str, Any]:
    headers = {"x-client-ip": more.pop("ip", "203.0.113.7")}
    answer = await users.graphql(
        START, {"input": {"phone": phone, **more}}, token=issuer.token(subject), headers=headers
    )
    assert "errors" not in answer, answer
    return answer["data"]["startPhoneVerification"]


async def confirm(
    users: ServiceUnderTest, verification: str, code: str, subject: str = "ada"
) -> dict[str, Any]:
    answer = await users.graphql(
        CONFIRM, {"input": {"verificationId": verification, "code": code}}, token=issuer.token(subject)
    )
    assert "errors" not in answer, answer
    return answer["data"]["confirmPhoneVerification"]


async def test_the_right_code_makes_the_number_hers_and_tells_entries(
    users: ServiceUnderTest, sms_outbox: Path, entries: EntriesPeer
) -> None:
    started = await start(users)
    assert started["__typename"] == "PhoneVerificationStarted"
    assert (started["attemptsLeft"], started["replayed"]) == (5, False)
    [message] = sent(sms_outbox)
    assert message["to"] == PHONE
    assert message["reference"] == started["verificationId"]
    confirmed = await confirm(users, started["verificationId"], code_in(message))
    assert confirmed["user"]["phone"] == PHONE
    assert confirmed["user"]["phoneVerifiedAt"]
    assert entries.of("ada")[-1]["phone_verified"] is True


async def test_the_right_code_again_answers_the_same_and_publishes_nothing(
    users: ServiceUnderTest, sms_outbox: Path, entries: EntriesPeer
) -> None:
    started = await start(users)
    code = code_in(sent(sms_outbox)[0])
    first = await confirm(users, started["verificationId"], code)
    published = len(entries.snapshots)
    assert await confirm(users, started["verificationId"], code) == first
    assert len(entries.snapshots) == published


async def test_entries_that_is_down_is_told_later(
    users: ServiceUnderTest, sms_outbox: Path, entries: EntriesPeer
) -> None:
    started = await start(users)
    entries.down = True
    confirmed = await confirm(users, started["verificationId"], code_in(sent(sms_outbox)[0]))
    assert confirmed["__typename"] == "PhoneConfirmed"
    assert not any(snapshot["phone_verified"] for snapshot in entries.snapshots)
    entries.down = False
    await deliver_all(users)
    assert entries.of("ada")[-1]["phone_verified"] is True


async def test_five_wrong_codes_spend_it(users: ServiceUnderTest, sms_outbox: Path) -> None:
    started = await start(users)
    code = code_in(sent(sms_outbox)[0])
    for left in (4, 3, 2, 1, 0):
        answer = await confirm(users, started["verificationId"], other_code(code))
        assert (answer["__typename"], answer["attemptsLeft"]) == ("CodeIncorrect", left)
    assert (await confirm(users, started["verificationId"], code))["__typename"] == "AttemptsExhausted"


async def test_a_new_code_kills_the_old_one(users: ServiceUnderTest, sms_outbox: Path) -> None:
    first = await start(users)
    second = await start(users)
    old, new = map(code_in, sent(sms_outbox))
    assert (await confirm(users, first["verificationId"], old))["__typename"] == "CodeExpired"
    assert (await confirm(users, second["verificationId"], new))["__typename"] == "PhoneConfirmed"


async def test_an_old_code_is_expired(users: ServiceUnderTest, sms_outbox: Path) -> None:
    started = await start(users)
    await users.resources.database.pool.execute("UPDATE phone_verification SET expires_at = now()")
    answer = await confirm(users, started["verificationId"], code_in(sent(sms_outbox)[0]))
    assert answer["__typename"] == "CodeExpired"


async def test_only_who_started_can_confirm(users: ServiceUnderTest, sms_outbox: Path) -> None:
    started = await start(users)
    answer = await confirm(users, started["verificationId"], code_in(sent(sms_outbox)[0]), subject="eve")
    assert answer["__typename"] == "NotFound"


@pytest.mark.parametrize(
    "verification", ["", "x", "phv_0", "../../users", "a/b?c=d#e", "☃", "phv_" + "z" * 26]
)
async def test_no_such_verification(users: ServiceUnderTest, verification: str) -> None:
    assert (await confirm(users, verification, "123456"))["__typename"] == "NotFound"


async def test_a_code_has_six_digits_and_what_has_not_costs_no_attempt(
    users: ServiceUnderTest, sms_outbox: Path
) -> None:
    started = await start(users)
    for code in ("", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "1" * 400):
        answer = await confirm(users, started["verificationId"], code)
        assert answer["issues"] == [{"path": ["code"], "code": "MALFORMED"}]
    right = code_in(sent(sms_outbox)[0])
    assert (await confirm(users, started["verificationId"], f"{right[:3]} - {right[3:]}"))["user"][
        "phone"
    ] == PHONE


NO_MESSAGE = {
    "+19005550100": "NOT_A_MOBILE_NUMBER",
    "+18005551234": "NOT_A_MOBILE_NUMBER",
    "+442079460123": "NOT_A_MOBILE_NUMBER",
    "+99912345678": "INVALID_NUMBER",
    "+447700900123": "INVALID_NUMBER",
    "+11111111111": "INVALID_NUMBER",
}


async def test_numbers_that_get_no_message(users: ServiceUnderTest, sms_outbox: Path) -> None:
    for phone, code in NO_MESSAGE.items():
        [issue] = (await start(users, phone=phone))["issues"]
        assert (issue["path"], issue["code"]) == (["phone"], code)
    for phone in ("+12125", "2125550101", "+1 212 555 0101", "+1212555010a", "+" + "1" * 40):
        answer = await users.graphql(START, {"input": {"phone": phone}}, token=issuer.token("ada"))
        assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert sent(sms_outbox) == []


async def test_a_call_reads_the_code_out(users: ServiceUnderTest, sms_outbox: Path) -> None:
    started = await start(users, channel="VOICE", locale="es-MX")
    [message] = sent(sms_outbox)
    assert (message["channel"], message["locale"]) == ("VOICE", "es-MX")
    assert message["body"].startswith("Hola.")
    answer = await confirm(users, started["verificationId"], code_in(message))
    assert answer["__typename"] == "PhoneConfirmed"


async def test_a_channel_that_no_sender_speaks(
    database: Callable[[str], ServiceDatabase],
) -> None:
    twilio: dict[str, Any] = {
        "sms_provider": "twilio",
        "twilio_account_sid": "AC1",
        "twilio_auth_token": "t",
        "twilio_from": "MG1",
    }
    async with open_service("users", database("users").service_dsn, **twilio) as users:
        [issue] = (await start(users, channel="VOICE"))["issues"]
    assert (issue["path"], issue["code"]) == (["channel"], "NOT_OFFERED")


LANGUAGES = [
    ("en-US", "+12125550101", "verification code"),
    ("es-US", "+12125550102", "código"),
    ("en-CA", "+15142223333", "verification code"),
    ("fr-CA", "+15142223334", "code de vérification"),
    ("en-GB", "+447400123456", "verification code"),
    ("en-IE", "+353851234567", "verification code"),
    ("es-MX", "+525512345678", "código"),
    ("en-MX", "+525512345679", "verification code"),
    (None, "+525512345670", "código"),
    (None, "+491701234567", "verification code"),
]


async def test_the_message_speaks_her_language(users: ServiceUnderTest, sms_outbox: Path) -> None:
    for locale, phone, words in LANGUAGES:
        assert (await start(users, phone=phone, locale=locale))["__typename"] == "PhoneVerificationStarted"
        message = sent(sms_outbox)[-1]
        assert (message["to"], words in message["body"]) == (phone, True)
        assert len(message["body"]) <= 160


async def test_the_same_key_sends_once(users: ServiceUnderTest, sms_outbox: Path) -> None:
    first = await start(users, idempotencyKey="k1")
    second = await start(users, idempotencyKey="k1")
    assert second == {**first, "replayed": True}
    assert (await start(users, phone="+12125550102", idempotencyKey="k1"))[
        "__typename"
    ] == "IdempotencyMismatch"
    assert len(sent(sms_outbox)) == 1


async def test_two_accounts_may_prove_the_same_number_and_neither_learns_of_the_other(
    users: ServiceUnderTest, sms_outbox: Path
) -> None:
    for subject in ("ada", "bea"):
        started = await start(users, subject)
        assert set(started) == {
            "__typename",
            "verificationId",
            "expiresAt",
            "attemptsLeft",
            "resendAfterSeconds",
            "replayed",
        }
        answer = await confirm(users, started["verificationId"], code_in(sent(sms_outbox)[-1]), subject)
        assert answer["user"]["phone"] == PHONE


async def test_a_number_that_somebody_else_proved_costs_and_answers_the_same(
    users: ServiceUnderTest, sms_outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Statements are what time is made of here: the same ones, whether or not the number is known."""
    first = await start(users, "bea")
    await confirm(users, first["verificationId"], code_in(sent(sms_outbox)[-1]), "bea")
    await users.graphql("{ viewer { id } }", token=issuer.token("ada"))
    ran = record_statements(monkeypatch)
    shapes: list[Any] = []
    for phone in (PHONE, "+12125550199"):
        ran.clear()
        started = await start(users, "ada", phone)
        code = code_in(sent(sms_outbox)[-1])
        wrong = await confirm(users, started["verificationId"], other_code(code))
        right = await confirm(users, started["verificationId"], code)
        shapes.append([sorted(started), wrong, sorted(right["user"]), [*ran]])
    assert shapes[0] == shapes[1]


async def test_what_the_sender_does_not_take_is_sent_by_the_worker(
    users: ServiceUnderTest, sms_outbox: Path
) -> None:
    sms_outbox.parent.parent.mkdir(exist_ok=True)
    sms_outbox.parent.write_text("a file where the sender wants a folder")
    started = await start(users)
    assert started["__typename"] == "PhoneVerificationStarted"
    sms_outbox.parent.unlink()
    await users.resources.database.pool.execute("UPDATE phone_verification SET next_send_at = now()")
    assert await users.resources.phone_messages.send_due() == 1
    assert await users.resources.phone_messages.send_due() == 0
    answer = await confirm(users, started["verificationId"], code_in(sent(sms_outbox)[0]))
    assert answer["__typename"] == "PhoneConfirmed"


async def test_nothing_kept_shows_number_or_code(users: ServiceUnderTest, sms_outbox: Path) -> None:
    await start(users)
    code = code_in(sent(sms_outbox)[0])
    pool = users.resources.database.pool
    for table in ("phone_verification", "phone_counter", "app_user", "outbox"):
        for row in await pool.fetch(f"SELECT t::text AS line FROM {table} t"):
            assert code not in row["line"]
            assert PHONE.removeprefix("+") not in row["line"]
            assert "203.0.113.7" not in row["line"]


async def test_a_service_account_has_no_phone(users: ServiceUnderTest) -> None:
    token = issuer.token("robot", client_id="robot")
    answer = await users.graphql(START, {"input": {"phone": PHONE}}, token=token)
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_message_costs_few_statements(users: ServiceUnderTest) -> None:
    await users.graphql("{ viewer { id } }", token=issuer.token("ada"))
    before = users.resources.database.statements
    await start(users)
    # session; lock, read and move the counters; keep the code; mark it sent
    assert users.resources.database.statements - before == 6


async def test_old_verifications_and_counters_are_forgotten(users: ServiceUnderTest) -> None:
    await start(users)
    pool = users.resources.database.pool
    await pool.execute("UPDATE phone_verification SET expires_at = now() - interval '2 days'")
    await pool.execute("UPDATE phone_counter SET resets_at = now() - interval '1 second'")
    await users.resources.phone.forget()
    assert await pool.fetchval("SELECT count(*) FROM phone_verification") == 0
    assert await pool.fetch("SELECT scope FROM phone_counter") == [("day",)]
    assert (await start(users))["__typename"] == "PhoneVerificationStarted"
