"""Mail by SMTP, against a server on a real port: what it takes, what it refuses, and when nobody knows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from services.codes.backend.mail_sender import Mail, SmtpSender, Unsure
from services.codes.backend.settings import Settings
from services.kit.errors import Unavailable
from services.kit.messages import Refused, Throttled
from services.kit.settings import SettingsError
from tests.support.ports import free_port
from tests.support.service import SETTINGS
from tests.unit.codes.mail_server import PASSWORD, USER, MailServer
from tests.unit.codes.partner import trusting

TO = "fan@example.com"
MAIL = Mail(TO, "Votre code d’accès", "Bonjour,\nvotre code : ABC\n.\nFin\n", "cod_1.1.1")


def settings(**given: Any) -> Settings:
    common = {
        "mail_provider": "smtp",
        "smtp_host": "127.0.0.1",
        "smtp_tls": "none",
        "mail_from": "codes@monoql.example",
    }
    return Settings.load(**{**SETTINGS, "database_url": "postgresql://x", **common, **given})


async def test_a_mail_arrives_as_it_was_written() -> None:
    with MailServer() as server:
        sent = await SmtpSender(settings(smtp_port=server.port, mail_from_name="The Tour – Codes")).send(MAIL)
    [mail] = server.taken
    assert sent == mail["Message-ID"] == "<cod_1.1.1@monoql.example>"
    assert mail["To"] == TO
    assert mail["From"].addresses[0].display_name == "The Tour – Codes"
    assert mail["From"].addresses[0].addr_spec == "codes@monoql.example"
    assert mail["Subject"] == MAIL.subject
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().replace("\r\n", "\n") == MAIL.body
    assert abs(mail["Date"].datetime - datetime.now(UTC)) < timedelta(minutes=5)


@pytest.mark.parametrize(
    "text", ["Hello\r\nBcc: other@example.com", "Hello\nX-Evil: 1", "Hello\r\n\r\n<b>", "Hello\rBcc: x@y.z"]
)
async def test_nobody_writes_headers_into_a_subject(text: str) -> None:
    with MailServer() as server:
        sender = SmtpSender(settings(smtp_port=server.port))
        with pytest.raises(ValueError, match="linefeed"):
            await sender.send(Mail(TO, text, "x", "cod_1.1.1"))
    assert server.taken == []


@pytest.mark.parametrize(
    "to",
    [
        "fan@example.com\r\nRCPT TO:<other@example.com>",
        "fan",
        "",
        "a@b@c",
        "fän@example.com",
        "fan@example.com, x@y.z",
    ],
)
async def test_what_is_no_address_is_refused_before_it_is_sent(to: str) -> None:
    with MailServer() as server:
        with pytest.raises(Refused) as refused:
            await SmtpSender(settings(smtp_port=server.port)).send(Mail(to, "x", "x", "cod_1.1.1"))
        assert refused.value.reason == "INVALID_ADDRESS"
    assert server.taken == []


@pytest.mark.parametrize(
    ("answer", "expected", "reason"),
    [
        ("550 no such user", Refused, "INVALID_ADDRESS"),
        ("553 bad name", Refused, "INVALID_ADDRESS"),
        ("554 go away", Refused, "REFUSED"),
        ("450 try later", Throttled, None),
        ("421 too many", Throttled, None),
    ],
)
@pytest.mark.parametrize("at", ["recipient", "data"])
async def test_what_the_server_says_no_to(
    answer: str, expected: type[Exception], reason: str | None, at: str
) -> None:
    with MailServer() as server:
        if at == "recipient":
            server.answers[TO] = answer
        else:
            server.final = answer
        with pytest.raises(expected) as said:
            await SmtpSender(settings(smtp_port=server.port)).send(MAIL)
        assert getattr(said.value, "reason", None) == reason
        assert "user" not in str(said.value)
    assert server.taken == []


async def test_a_server_that_falls_silent_with_the_mail_in_hand() -> None:
    with MailServer(final="hang up") as server, pytest.raises(Unsure):
        await SmtpSender(settings(smtp_port=server.port)).send(MAIL)


async def test_a_server_that_is_not_there() -> None:
    with pytest.raises(Unavailable):
        await SmtpSender(settings(smtp_port=free_port())).send(MAIL)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return make_certificate(tmp_path_factory.mktemp("tls"), x509.IPAddress(IPv4Address("127.0.0.1")))


def make_certificate(folder: Path, name: x509.GeneralName) -> tuple[str, str]:
    """A self-signed certificate for a name, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    common = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(common)
        .issuer_name(common)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return str(folder / "cert.pem"), str(folder / "key.pem")


async def test_starttls_and_a_password(certificate: tuple[str, str]) -> None:
    with MailServer(tls=certificate) as server:

        def sender(**given: Any) -> Callable[[Mail], Any]:
            secured = {"smtp_tls": "starttls", "smtp_username": USER, "smtp_password": PASSWORD, **given}
            return SmtpSender(settings(smtp_port=server.port, **secured), trusting(certificate[0])).send

        await sender()(MAIL)
        assert len(server.taken) == 1
        for wrong in ({"smtp_password": "wrong"}, {"smtp_tls": "none"}):
            with pytest.raises(Unavailable):
                await sender(**wrong)(MAIL)
        distrustful = SmtpSender(
            settings(smtp_port=server.port, smtp_tls="starttls", smtp_username=USER, smtp_password=PASSWORD)
        )
        with pytest.raises(Unavailable):
            await distrustful.send(MAIL)
        assert len(server.taken) == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"mail_provider": "outbox"}, "MAIL_PROVIDER=outbox"),
        ({"smtp_tls": "none"}, "SMTP_TLS=none"),
        ({"mail_from": "codes@monoql.test", "smtp_tls": "tls"}, "MAIL_FROM"),
        ({"smtp_host": "", "smtp_tls": "tls"}, "SMTP_HOST"),
    ],
)
def test_production_refuses_what_is_for_development(given: dict[str, Any], told: str) -> None:
    twilio = {
        "sms_provider": "twilio",
        "twilio_account_sid": "AC1",
        "twilio_auth_token": "a-token",
        "twilio_from": "+12025550100",
    }
    with pytest.raises(SettingsError, match=told):
        settings(monoql_env="production", **twilio, **given)
