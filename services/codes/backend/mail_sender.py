"""Mail: the port, the development outbox, and SMTP."""

import fcntl
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol

import aiosmtplib
import msgspec

from services.codes.backend.mail_settings import MailSettings
from services.kit.errors import Unavailable
from services.kit.messages import Refused, Throttled

_encode = msgspec.json.Encoder().encode
_SECONDS = 20.0
_PAUSE_SECONDS = 60.0


class Mail(msgspec.Struct, frozen=True):
    """One mail in plain text. `reference` is unique to it, and is its Message-ID's left part."""

    to: str
    subject: str
    body: str
    reference: str


class Unsure(Exception):
    """The mail server had the mail and did not say what it did with it: it may arrive, or not."""


class MailSender(Protocol):
    """Hands mails to a mail server."""

    async def send(self, mail: Mail) -> str:
        """Answers the mail's Message-ID once the server has taken it.

        Raises Refused for good; Throttled and Unavailable when it was certainly not taken; Unsure.
        """
        ...


class OutboxMailSender:
    """The development sender: a line of JSON per mail, in the file of the text messages."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, mail: Mail) -> str:
        """Appends in one write, so that processes that share the file never mix their lines. Raises Unavailable."""
        line = _encode({"at": datetime.now(UTC), "channel": "EMAIL", **msgspec.structs.asdict(mail)}) + b"\n"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            raise Unavailable("The outbox cannot be written.") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            os.write(descriptor, line)
        finally:
            os.close(descriptor)
        return mail.reference


class SmtpSender:
    """Sends by a mail server, one connection a mail; with `smtp_tls` as STARTTLS or from the start, or without."""

    def __init__(self, settings: MailSettings, tls: ssl.SSLContext | None = None) -> None:
        self._settings = settings
        self._tls = tls or ssl.create_default_context()
        self._domain = settings.mail_from.rpartition("@")[2]

    async def send(self, mail: Mail) -> str:
        """As the port says. Nothing that the server answers is repeated: it may hold the address."""
        message = self._message(mail)
        async with self._connection() as smtp:
            try:
                with _refusals():
                    await smtp.mail(self._settings.mail_from)
                    await smtp.rcpt(mail.to)
            except (aiosmtplib.SMTPException, OSError):
                raise _away() from None
            try:
                with _refusals():
                    await smtp.data(message.as_bytes(policy=SMTP_POLICY))
            except (aiosmtplib.SMTPTimeoutError, aiosmtplib.SMTPServerDisconnected, OSError) as error:
                raise Unsure from error
        return str(message["Message-ID"])

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiosmtplib.SMTP]:
        settings = self._settings
        smtp = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            timeout=_SECONDS,
            use_tls=settings.smtp_tls == "tls",
            start_tls=settings.smtp_tls == "starttls",
            tls_context=None if settings.smtp_tls == "none" else self._tls,
        )
        try:
            await smtp.connect()
            if settings.smtp_username:
                await smtp.login(settings.smtp_username, settings.smtp_password.get_secret_value())
        except (aiosmtplib.SMTPException, OSError):
            smtp.close()
            raise _away() from None
        try:
            yield smtp
        finally:
            smtp.close()

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage(policy=SMTP_POLICY)
        message["From"] = Address(self._settings.mail_from_name, addr_spec=self._settings.mail_from)
        try:
            message["To"] = Address(addr_spec=mail.to.encode("ascii").decode())
        except (ValueError, IndexError, MessageError):
            raise Refused("INVALID_ADDRESS") from None
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = f"<{mail.reference}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.body)
        return message


def _away() -> Unavailable:
    return Unavailable("The mail server does not take mails right now.")


class _refusals:  # noqa: N801 - reads as a statement
    """Says in our words what a mail server said in numbers."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, aiosmtplib.SMTPResponseException):
            if error.code >= 500:
                raise Refused("INVALID_ADDRESS" if error.code in (550, 551, 553) else "REFUSED") from None
            raise Throttled(_PAUSE_SECONDS) from None


def open_mail_sender(settings: MailSettings) -> MailSender:
    """The sender that the settings name."""
    return (
        OutboxMailSender(settings.sms_outbox) if settings.mail_provider == "outbox" else SmtpSender(settings)
    )
