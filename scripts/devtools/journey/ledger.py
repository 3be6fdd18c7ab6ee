"""What the journey counted, and whether it is what it must be."""

from dataclasses import dataclass
from enum import Enum

from rich.console import Console
from rich.table import Table

_WIDTH = 28


@dataclass(frozen=True)
class Line:
    """One fact: `found` must equal `expected`."""

    step: str
    fact: str
    expected: object
    found: object

    @property
    def good(self) -> bool:
        return self.expected == self.found


class Ledger:
    """Collects facts step by step and shows them as a table."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._step = ""

    def begin(self, step: str) -> None:
        """The facts that follow belong to this step."""
        self._step = step

    def expect(self, fact: str, expected: object, found: object) -> None:
        """Notes a fact; a wrong one does not stop the journey."""
        self.lines.append(Line(self._step, fact, expected, found))

    @property
    def good(self) -> bool:
        return all(line.good for line in self.lines)

    def show(self, console: Console) -> None:
        """The table, wrong lines in red with what was expected."""
        table = Table(title="The journey, reconciled", title_justify="left")
        table.add_column("step", no_wrap=True)
        table.add_column("fact")
        table.add_column("found", justify="right")
        table.add_column("")
        previous = ""
        for line in self.lines:
            step = line.step if line.step != previous else ""
            previous = line.step
            found = (
                _short(line.found)
                if line.good
                else f"[red]{_short(line.found)}, not {_short(line.expected)}[/]"
            )
            table.add_row(step, line.fact, found, "[green]✓[/]" if line.good else "[bold red]✗[/]")
        console.print(table)


def _short(value: object) -> str:
    text = str(value.value if isinstance(value, Enum) else value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
