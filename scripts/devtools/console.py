"""What a person at the terminal sees of the events."""

import json
import time
from collections import defaultdict
from typing import cast

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from scripts.devtools.events import Event

WARNINGS_PER_SECOND = 5

_LONGEST_LINE = 200
_LEFT_OUT = {"process", "level", "timestamp"}


class ConsoleReport:
    """Shows the step that runs with a spinner, and what is done, died or warned of as lines.

    Warnings are shown once everything is ready: before, processes only find that the others are not there yet.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._ready = False
        self._shown: dict[tuple[str, int], int] = defaultdict(int)

    def __call__(self, event: Event) -> None:
        """Show one event."""
        text = escape(event.text)
        match event.kind:
            case "step":
                self._spin(f"{text} …")
            case "done":
                self._console.print(f"[green]✓[/] {_prefix(event)}{text}", highlight=False, soft_wrap=True)
            case "died":
                self._console.print(f"[red]✗[/] {_prefix(event)}{text}", highlight=False, soft_wrap=True)
            case "warning":
                self._warn(event)
            case "stopping":
                self._spin(f"{text} …")
            case "failed":
                self.close()
                self._console.print(f"[red]error:[/] {text}", highlight=False, soft_wrap=True)
            case "ready":
                self._ready = True
                self.close()

    def close(self) -> None:
        """Take the spinner away."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _spin(self, text: str) -> None:
        if not self._console.is_terminal:
            return
        if self._status is None:
            self._status = self._console.status(text)
            self._status.start()
        self._status.update(text)

    def _warn(self, event: Event) -> None:
        if not self._ready:
            return
        second = (event.process, int(time.monotonic()))
        self._shown[second] += 1
        if self._shown[second] <= WARNINGS_PER_SECOND:
            self._console.print(
                f"[yellow]![/] {_prefix(event)}{escape(summarize(event.text))}",
                highlight=False,
                soft_wrap=True,
            )
        elif self._shown[second] == WARNINGS_PER_SECOND + 1:
            self._console.print(f"[yellow]![/] {_prefix(event)}… and more, in its log", highlight=False)


def summarize(line: str) -> str:
    """A structured log line as a sentence would have it: the event, then `name=value`; other lines as they are."""
    try:
        fields = cast("dict[str, object]", json.loads(line))
        event = fields.pop("event")
    except (ValueError, TypeError, KeyError, AttributeError):
        return line[:_LONGEST_LINE]
    shown = [f"{name}={value}" for name, value in fields.items() if name not in _LEFT_OUT]
    return " ".join([str(event), *shown])[:_LONGEST_LINE]


def _prefix(event: Event) -> str:
    return f"[bold]{event.process}[/] " if event.process else ""
