"""`scripts/sms`."""

import time
from collections.abc import Iterator
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.markup import escape

from scripts.devtools import settings as devsettings
from scripts.devtools.outbox import Message, outbox_path, read_messages

app = App(name="scripts/sms", help_format="plaintext", version_flags=[])


def main(argv: list[str]) -> int:
    """The entry point of `scripts/sms`."""
    return app(argv) or 0


@app.default
def sms(
    *,
    to: str | None = None,
    last: int | None = None,
    body: Annotated[bool, Parameter(negative="")] = False,
    follow: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Show the text messages that the development system would have sent, oldest first.

    Parameters
    ----------
    to
        Only those to this number, for example +12125550123.
    last
        Only so many of the newest.
    body
        Print the texts alone.
    follow
        Go on showing new ones until Ctrl-C.
    """
    console = Console(highlight=False, soft_wrap=True)
    path = outbox_path(devsettings.load())

    def wanted(start: int) -> tuple[list[Message], int]:
        messages, end = read_messages(path, start)
        return [message for message in messages if to is None or message.to == to], end

    messages, end = wanted(0)
    for message in messages[-last:] if last else messages:
        _show(console, message, body)
    if not messages and not follow:
        console.print(f"No message{f' to {to}' if to else ''} yet.", style="dim")
        return 1
    for _ in _until_interrupted() if follow else ():
        fresh, end = wanted(end if path.exists() and path.stat().st_size >= end else 0)
        for message in fresh:
            _show(console, message, body)
    return 0


def _show(console: Console, message: Message, body_only: bool) -> None:
    if body_only:
        console.print(escape(message.body))
    else:
        channel = "" if message.channel == "SMS" else f"({message.channel.lower()}) "
        console.print(
            f"[dim]{escape(message.at)}[/]  [bold]{escape(message.to)}[/]  {channel}{escape(message.body)}"
        )


def _until_interrupted() -> Iterator[None]:
    while True:
        time.sleep(0.3)
        yield
