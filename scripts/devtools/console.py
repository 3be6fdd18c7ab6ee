"""What a person at the terminal sees of the events."""

import time
from collections import defaultdict

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from scripts.devtools.events import Event

WARNINGS_PER_SECOND = 5


class ConsoleReport:
    """Shows the step that runs with a spinner, and what is done, died or warned of as lines."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._shown: dict[tuple[str, int], int] = defaultdict(int)

    def __call__(self, event: Event) -> None:
        """Show one event."""
        text = escape(event.text)
        match event.kind:
            case "step":
                self._spin(f"{text} …")
            case "done":
                self._console.print(f"[green]✓[/] {_prefix(event)}{text}", highlight=False)
            case "died":
                self._console.print(f"[red]✗[/] {_prefix(event)}{text}", highlight=False)
            case "warning":
                self._warn(event)
            case "stopping":
                self._spin(f"{text} …")
            case "failed":
                self.close()
                self._console.print(f"[red]error:[/] {text}", highlight=False, soft_wrap=True)
            case "ready":
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
        second = (event.process, int(time.monotonic()))
        self._shown[second] += 1
        if self._shown[second] <= WARNINGS_PER_SECOND:
            self._console.print(f"[yellow]![/] {_prefix(event)}{escape(event.text)}", highlight=False)
        elif self._shown[second] == WARNINGS_PER_SECOND + 1:
            self._console.print(f"[yellow]![/] {_prefix(event)}… and more, in its log", highlight=False)


def _prefix(event: Event) -> str:
    return f"[bold]{event.process}[/] " if event.process else ""
