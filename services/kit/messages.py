"""Text messages and calls: the port to a telephone network, and the sender of the development system."""

import fcntl
import os
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from services.kit.errors import DomainError, Unavailable
from services.kit.ids import new_id

Channel = Literal["SMS", "VOICE"]
_encode = msgspec.json.Encoder().encode


class Message(msgspec.Struct, frozen=True):
    """What one phone is told. `to` is in E.164, `reference` names what the message belongs to.

    A VOICE message is read out in the language of `locale`; its body is written as for reading.
    """

    to: str
    body: str
    reference: str
    channel: Channel = "SMS"
    locale: str = "en-US"


class Refused(DomainError):
    """This message will never arrive, however often it is sent.

    `reason` is stable: INVALID_NUMBER, UNREACHABLE, COUNTRY_NOT_SERVED, OPTED_OUT, or REFUSED for any other.
    """

    code = "MESSAGE_REFUSED"

    def __init__(self, reason: str) -> None:
        super().__init__("The message cannot be delivered to this number.", reason=reason)
        self.reason = reason


class Throttled(Unavailable):
    """The network takes no more right now; `retry_after` is in how many seconds it may."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("The telephone network takes no more messages right now. Try again later.")
        self.retry_after = retry_after


class SmsSender(Protocol):
    """Hands messages to a telephone network. `channels` are those it speaks."""

    @property
    def channels(self) -> tuple[Channel, ...]: ...

    async def send(self, message: Message) -> str:
        """Answers the network's id of the message once it has taken it.

        Raises Refused for good, Throttled and Unavailable for now. A network that does not answer in time may have
        taken the message all the same, so whoever tries again sends at least once, not exactly once.
        """
        ...

    def forget(self, addresses: Collection[str]) -> int:
        """Removes what is kept on this side of messages to these numbers; answers how many messages.

        Mail addresses may be among them, for the development outbox holds mails too.
        """
        ...

    async def aclose(self) -> None: ...


class OutboxSender:
    """The development sender: a line of JSON per message, in place of a telephone network."""

    channels: tuple[Channel, ...] = ("SMS", "VOICE")

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, message: Message) -> str:
        """Appends in one write, so that processes that share the file never mix their lines. Raises Unavailable."""
        id_ = new_id("msg")
        line = _encode({"at": datetime.now(UTC), "id": id_, **msgspec.structs.asdict(message)}) + b"\n"
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
        return id_

    def forget(self, addresses: Collection[str]) -> int:
        """Rewrites the file without them, while nobody appends."""
        if not addresses or not self._path.exists():
            return 0
        with self._path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            lines = file.readlines()
            kept = [line for line in lines if msgspec.json.decode(line)["to"] not in addresses]
            file.seek(0)
            file.writelines(kept)
            file.truncate()
        return len(lines) - len(kept)

    async def aclose(self) -> None:
        """Nothing is open between two messages."""
