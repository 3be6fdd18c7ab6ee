"""The bench's table, and the same as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scripts.devtools.bench.layers import Result, Turn

_PROCESSES = ("router", "entries", "campaigns", "codes", "users", "worker", "identity")
_LAST = ("postgres", "this process")
_LEGEND = """\
CPU in milliseconds for each registration (or page); every number is the median of the rounds.
insert: a row, bare, by {insert}. store, route: {concurrency} registrations at a time, in this process.
subgraph: its endpoint in this process, {concurrency} in flight, token and proof verified. stack: through the router.
page: campaigns, entries and codes in one query through the router.
A process that a layer does not use shows what it did meanwhile: the worker and users digest earlier registrations."""


def show(console: Console, results: Sequence[Result], *, insert: str, concurrency: int) -> None:
    """A column for each layer: its rate, its ratio to the insert, and CPU by process."""
    table = Table("", *(result.layer for result in results))
    for column in table.columns[1:]:
        column.justify = "right"
    table.add_row("a second", *(f"{result.rate:.0f}" for result in results))
    ratios = ("" if result.ratio is None else f"{result.ratio:.3f}" for result in results)
    table.add_row("ratio to the insert", *ratios)
    table.add_section()
    for name in _names(results):
        table.add_row(f"{name} ms", *(f"{result.cpu_ms.get(name, 0.0):.3f}" for result in results))
    table.add_section()
    table.add_row("all ms", *(f"{sum(result.cpu_ms.values()):.3f}" for result in results))
    console.print(table)
    console.print(_LEGEND.format(insert=insert, concurrency=concurrency))
    for result in results:
        if result.refused:
            console.print(f"[red]✗[/] {result.layer}: {result.refused} were refused or failed.")


def write_json(path: Path, rounds: Sequence[Sequence[Turn]], results: Sequence[Result]) -> None:
    """Every turn and the medians."""
    document = {
        "rounds": [[asdict(turn) for turn in turns] for turns in rounds],
        "medians": [asdict(result) for result in results],
    }
    path.write_text(json.dumps(document, indent=2) + "\n")


def _names(results: Sequence[Result]) -> list[str]:
    names = {name for result in results for name in result.cpu_ms}
    backends = sorted(name for name in names if name.endswith("-backend"))
    return [name for name in [*_PROCESSES, *backends, *_LAST] if name in names]
