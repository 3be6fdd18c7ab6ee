"""Sending text messages: the port and the development sender."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec

from services.kit.errors import Unavailable
from services.users.backend.settings import Settings

_encode = msgspec.json.Encoder().encode


class Message(msgspec.Struct, frozen=True):
    """A text for one phone; `reference` is the verification it belongs to."""

    to: str
    body: str
    reference: str


class SmsSender(Protocol):
    """Hands messages to a telephone network. `channels` are those it speaks: SMS, VOICE."""

    @property
    def channels(self) -> tuple[str, ...]: ...

    async def send(self, message: Message) -> None:
        """Returns when the network has taken the message. Raises anything when it has not."""
        ...


class OutboxSender:
    """The development sender: a line of JSON per message, in place of a telephone network."""

    channels: tuple[str, ...] = ("SMS",)

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, message: Message) -> None:
        """Appends in one write, so that processes that share the file never mix their lines."""
        line = _encode({"at": datetime.now(UTC), **msgspec.structs.asdict(message)}) + b"\n"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)


class NoSender:
    """Speaks no channel: where no telephone network is configured, no verification can start."""

    channels: tuple[str, ...] = ()

    async def send(self, message: Message) -> None:
        raise Unavailable("Text messages cannot be sent: no sender is configured.")


def open_sender(settings: Settings) -> SmsSender:
    """The sender of these settings. Codes never go to a file in production."""
    return NoSender() if settings.monoql_env == "production" else OutboxSender(settings.sms_outbox)
