"""The development SMS outbox: a file with one JSON object a line, in place of a telephone network."""

import json
from dataclasses import dataclass
from pathlib import Path

from scripts.devtools.settings import Settings


@dataclass(frozen=True)
class Message:
    """One text message: when (RFC 3339), to which number (E.164), what, the sender's reference, and SMS or VOICE."""

    at: str
    to: str
    body: str
    reference: str | None
    channel: str = "SMS"


def outbox_path(settings: Settings) -> Path:
    """`SMS_OUTBOX`, or `outbox/sms.ndjson` in the data directory."""
    return Path(settings.get("SMS_OUTBOX") or settings.data_dir / "outbox" / "sms.ndjson")


def read_messages(path: Path, start: int = 0) -> tuple[list[Message], int]:
    """The whole messages from byte `start` on, and where to go on reading. A line half written is left for later."""
    try:
        with path.open("rb") as outbox:
            outbox.seek(start)
            whole = outbox.read().rpartition(b"\n")[0]
    except FileNotFoundError:
        return [], 0
    if not whole:
        return [], start
    messages = [_parse(line) for line in whole.splitlines() if line.strip()]
    return messages, start + len(whole) + 1


def _parse(line: bytes) -> Message:
    fields = json.loads(line)
    return Message(
        fields["at"], fields["to"], fields["body"], fields.get("reference"), fields.get("channel", "SMS")
    )
