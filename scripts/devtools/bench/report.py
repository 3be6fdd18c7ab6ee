"""The bench's tables, and the same as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scripts.devtools.bench.layers import Result, Turn

_ME = "this process"
_COLUMNS = ("router", "entries", "campaigns", "codes", "users", "worker", "postgres", _ME)


def show(console: Console, registrations: Sequence[Result], page: Result | None) -> None:
    """Rates, ratios, and CPU milliseconds by process for each layer; then the campaign page."""
    table = Table("registration through", "a second", "to the insert", *_headed(registrations))
    for result in registrations:
        ratio = "" if result.ratio is None else f"{result.ratio:.3f}"
        table.add_row(result.layer, f"{result.rate:.0f}", ratio, *_cpu(result, _present(registrations)))
    _align(table)
    console.print(table)
    if page is not None:
        table = Table("page", "a second", *_headed([page]))
        table.add_row(page.layer, f"{page.rate:.0f}", *_cpu(page, _present([page])))
        _align(table)
        console.print(table)
    console.print(
        "CPU ms for each registration (page), medians of the rounds. A process that a layer does not use shows what it"
        " did meanwhile: the worker and users digest the registrations of the turn before."
    )
    for result in [*registrations, *([page] if page else [])]:
        if result.refused:
            console.print(f"[red]✗[/] {result.layer}: {result.refused} were refused or failed.")


def write_json(path: Path, rounds: Sequence[Sequence[Turn]], results: Sequence[Result]) -> None:
    """Every turn and the medians."""
    document = {
        "rounds": [[asdict(turn) for turn in turns] for turns in rounds],
        "medians": [asdict(result) for result in results],
    }
    path.write_text(json.dumps(document, indent=2) + "\n")


def _present(results: Sequence[Result]) -> list[str]:
    names = {name for result in results for name in result.cpu_ms}
    backends = sorted(name for name in names if name.endswith("-backend"))
    return [name for name in [*_COLUMNS[:-2], *backends, *_COLUMNS[-2:]] if name in names]


def _headed(results: Sequence[Result]) -> list[str]:
    return [f"{name} ms" for name in _present(results)] + ["all ms"]


def _cpu(result: Result, names: Sequence[str]) -> list[str]:
    used = [result.cpu_ms.get(name, 0.0) for name in names]
    return [f"{value:.3f}" for value in [*used, sum(result.cpu_ms.values())]]


def _align(table: Table) -> None:
    for column in table.columns[1:]:
        column.justify = "right"
