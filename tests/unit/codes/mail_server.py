"""A mail server on a real port: it keeps what it takes, and refuses what it is told to."""

import ssl
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.support.ports import free_port

USER, PASSWORD = "monoql", "the-password-of-monoql"


@dataclass
class MailServer:
    """Listens on loopback while the context lasts. `answers` are what it says to a recipient, `final` to the data."""

    tls: tuple[str, str] | None = None
    port: int = field(default_factory=free_port)
    answers: dict[str, str] = field(default_factory=dict)
    final: str = "250 taken"
    taken: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    def __enter__(self) -> "MailServer":
        options: dict[str, Any] = {}
        if self.tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*self.tls)
            options = {
                "tls_context": context,
                "require_starttls": True,
                "auth_required": True,
                "authenticator": self._authenticate,
            }
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **options)
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    async def handle_RCPT(  # noqa: N802 - the name that the library calls
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address, "250 good")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.final == "hang up":
            server.transport.abort()
            return "250 never heard"
        if self.final.startswith("250"):
            self.raw.append(envelope.content)
            self.taken.append(message_from_bytes(envelope.content, policy=default))
        return self.final

    def _authenticate(
        self, server: Any, session: Any, envelope: Any, mechanism: str, given: Any
    ) -> AuthResult:
        good = isinstance(given, LoginPassword) and (given.login, given.password) == (
            USER.encode(),
            PASSWORD.encode(),
        )
        return AuthResult(success=good)
