"""Who may report redemptions by webhook: whoever can sign, now, and nobody else."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from services.codes.backend import signatures_rules as signatures
from services.codes.backend.settings import Settings
from services.kit.settings import SettingsError
from tests.support.service import SETTINGS
from tests.unit.codes.conftest import Codes
from tests.unit.codes.platform import Platform, sale

BODY = json.dumps({"redemptions": [sale("NO-SUCH-CODE", externalId="order-1")]}).encode()


@pytest.mark.parametrize("secret", ["an-old-secret-of-axs", "a-new-secret-of-axs"])
async def test_either_secret_of_a_platform_will_do(codes: Codes, secret: str) -> None:
    assert (await Platform(codes, secret=secret).post(BODY)).status_code == 200


async def test_what_is_not_signed_for_this_platform_now_is_refused(codes: Codes) -> None:
    axs = Platform(codes)
    good = axs.signed(BODY)
    changed: dict[str, dict[str, str]] = {
        "no headers": {},
        "no signature": {name: text for name, text in good.items() if name != "monoql-signature"},
        "no timestamp": {name: text for name, text in good.items() if name != "monoql-timestamp"},
        "no platform": {name: text for name, text in good.items() if name != "monoql-platform"},
        "another platform": {**good, "monoql-platform": "seatly"},
        "a platform nobody knows": {**good, "monoql-platform": "nobody"},
        "another platform's secret": Platform(codes, secret="the-secret-of-seatly").signed(BODY),
        "an empty secret": Platform(codes, secret="").signed(BODY),
        "another body": axs.signed(BODY + b" "),
        "another time": {**good, "monoql-timestamp": str(int(good["monoql-timestamp"]) - 1)},
        "too old": axs.signed(BODY, age=62),
        "from the future": axs.signed(BODY, age=-62),
        "no number": {**good, "monoql-timestamp": "soon"},
        "a strange digit": {**good, "monoql-timestamp": "\u00b2"},
        "no version": {**good, "monoql-signature": good["monoql-signature"].removeprefix("v1=")},
        "cut short": {**good, "monoql-signature": good["monoql-signature"][:-2]},
        "our own key instead": {"x-backend-key": "test-backend-key"},
    }
    for what, headers in changed.items():
        sent = {name: text.encode() for name, text in headers.items()}
        answer = await axs.post(BODY, sent)  # pyright: ignore[reportArgumentType]
        assert answer.status_code == 401, what
        assert answer.json()["code"] == "UNAUTHENTICATED"
    assert await codes.sql("SELECT FROM redemption_report") == []
    several = {**good, "monoql-signature": f"v1=00, {good['monoql-signature']}"}
    assert (await axs.post(BODY, several)).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"null", 422),
        (b"[]", 422),
        (b"{", 400),
        (b'{"redemptions": []}', 422),
        (b"\xff\xfe", 400),
        (b'{"redemptions":' + b"[" * 100_000, 422),
        (b" " * (256 * 1024) + b"{}", 413),
        (json.dumps({"redemptions": [sale("x")] * 501}).encode(), 422),
    ],
)
async def test_bad_bodies_are_refused_whole(codes: Codes, body: bytes, status: int) -> None:
    answer = await Platform(codes).post(body)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"quantity": 0},
        {"quantity": -1},
        {"quantity": 1001},
        {"quantity": 1.5},
        {"quantity": "2"},
        {"externalId": ""},
        {"externalId": "x" * 201},
        {"externalId": "a b"},
        {"externalId": None},
        {"code": ""},
        {"code": "x" * 201},
        {"code": "a\0b"},
        {"code": 7},
        {"account": ""},
        {"account": "x" * 501},
        {"redeemedAt": "yesterday"},
        {"redeemedAt": "2026-05-01T10:00:00"},
        {"redeemedAt": "0001-01-01T00:00:00+14:00"},
    ],
)
async def test_bad_reports_are_refused_by_name(codes: Codes, wrong: dict[str, Any]) -> None:
    body = json.dumps({"redemptions": [sale("ALPHA-0001") | wrong]}).encode()
    answer = await Platform(codes).post(body)
    assert answer.status_code == 422, answer.text
    [name] = wrong
    assert name in json.dumps(answer.json())
    assert await codes.sql("SELECT FROM redemption_report") == []


async def test_strange_text_is_a_code_that_nobody_knows(codes: Codes) -> None:
    for text in ("'; DROP TABLE code; --", "€\u202e", "😀", "\u00df"):
        assert await Platform(codes).outcomes(sale(text)) == ["UNKNOWN_CODE"]
    raw = b'{"redemptions": [{"externalId": "1", "code": "\\ud800"}]}'
    assert (await Platform(codes).post(raw)).status_code in (400, 422)


def test_a_signature_names_its_scheme() -> None:
    header = signatures.sign(["secret"], 1771000000, b"{}")
    assert header == "v1=ceea49ab689878fc27ea951ce1a93ebd896e047812fc39b4a0b835ac7e736c5e"
    assert signatures.is_signed(["other", "secret"], "1771000000", header, b"{}", now=1771000060)
    assert not signatures.is_signed(["secret"], "1771000000", header, b"{}", now=1771000061)


SENDERS: dict[str, Any] = {
    "sms_provider": "twilio",
    "twilio_account_sid": "AC0",
    "twilio_auth_token": "secret",
    "twilio_from": "+12125550100",
    "mail_provider": "smtp",
    "mail_from": "codes@example.com",
    "smtp_host": "mail.example.com",
}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("axs:development-secret-of-axs", "PLATFORM_SECRETS"),
        ("axs", "axs needs one secret"),
        ("axs:short", "axs needs one secret"),
        ("axs:0123456789abcdef|0123456789abcdef|0123456789abcdef", "axs needs one secret"),
        ("AXS:0123456789abcdef", "a platform's name"),
        ("axs:0123456789abcdef,axs:0123456789abcdeg", "names a platform twice"),
    ],
)
def test_settings_that_prove_nothing_are_refused_by_name(given: str, told: str) -> None:
    values = {**SETTINGS, "database_url": "postgresql://x", "monoql_env": "production", **SENDERS}
    with pytest.raises((SettingsError, ValidationError), match=told) as refused:
        Settings.load(**values, platform_secrets=given)
    assert "0123456789abcdef" not in str(refused.value)
