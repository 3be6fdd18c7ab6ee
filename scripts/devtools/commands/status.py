"""`scripts/status`."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cyclopts import App
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from scripts.devtools import figures, looks, run_state
from scripts.devtools import settings as devsettings
from scripts.devtools.looks import Look
from scripts.devtools.run_state import RunState

_REFRESH_SECONDS = 2.0
_MINUTE = 60.0
_MOST = 6

app = App(name="scripts/status", help_format="plaintext", version_flags=[])


def main(argv: list[str]) -> int:
    """The entry point of `scripts/status`."""
    return app(argv) or 0


@app.default
def status(*, watch: bool = False, json: bool = False) -> int:
    """Show the running stack: processes, what each tier did since the last look, what waits, whether targets are met.

    The exit code is 1 when it is not running or not all processes are ready.

    Parameters
    ----------
    watch
        Go on showing the last minute until interrupted.
    json
        The same as JSON.
    """
    console = Console(highlight=False)
    data_dir = devsettings.load().data_dir
    state = run_state.read(data_dir)
    if state is None or not state.alive:
        console.print("Not running. Start it with scripts/up.")
        return 1
    if watch:
        try:
            asyncio.run(_watch(console, data_dir))
        except KeyboardInterrupt:
            return 0
        console.print("It was stopped.")
        return 1
    looked = asyncio.run(looks.look(state))
    before = looks.last(data_dir, state)
    looks.keep(data_dir, state, looked)
    if json:
        console.print_json(data=_document(state, looked, before))
    else:
        console.print(_page(state, looked, before))
    return 0 if _is_well(state) else 1


async def _watch(console: Console, data_dir: Path) -> None:
    """Until the stack is gone: each time what happened in the last minute, or since the first look."""
    seen: list[Look] = []
    with Live(console=console, auto_refresh=False, screen=True) as live:
        while (state := run_state.read(data_dir)) is not None and state.alive:
            seen.append(await looks.look(state))
            while len(seen) > 2 and seen[-1].at - seen[1].at >= _MINUTE:
                seen.pop(0)
            live.update(_page(state, seen[-1], seen[0] if len(seen) > 1 else None), refresh=True)
            await asyncio.sleep(_REFRESH_SECONDS)


def _is_well(state: RunState) -> bool:
    return state.ready and all(process.ready for process in state.processes.values())


def _document(state: RunState, looked: Look, before: Look | None) -> dict[str, Any]:
    now = looked.samples
    counted = now.since(before.samples) if before else now
    return {
        "ready": _is_well(state),
        "endpoint": state.endpoint,
        "processes": {name: asdict(process) for name, process in state.processes.items()},
        "silent": looked.silent,
        "seconds": looked.at - before.at if before else None,
        "requests": [asdict(row) for row in figures.rows(counted, most=1000)],
        "measures": [{**asdict(one), "good": one.good} for one in figures.measures(counted, now)],
        "waiting": [asdict(one) for one in figures.waiting(now)],
    }


def _page(state: RunState, looked: Look, before: Look | None) -> Group:
    now = looked.samples
    counted = now.since(before.samples) if before else now
    seconds = looked.at - before.at if before else None
    over = "since they started" if seconds is None else f"in the last {seconds:.0f} s"
    return Group(
        _processes(state),
        Text(f"Requests and jobs {over}:"),
        _requests(list(figures.rows(counted, most=_MOST)), seconds),
        _waiting(figures.waiting(now)),
        _measures(figures.measures(counted, now)),
        Text(
            f"Did not answer: {', '.join(looked.silent)}" if looked.silent else f"GraphQL: {state.endpoint}"
        ),
    )


def _processes(state: RunState) -> Table:
    table = Table("process", "pid", "port", "ready", "restarts")
    for name, process in state.processes.items():
        ready = "[green]yes[/]" if process.ready else "[red]no[/]"
        table.add_row(name, str(process.pid or ""), str(process.port or ""), ready, str(process.restarts))
    return table


def _requests(rows: Sequence[figures.Row], seconds: float | None) -> Table:
    table = Table("tier", "what", "count", "a second", "failed", "p95")
    for column in table.columns[2:]:
        column.justify = "right"
    tier = ""
    for row in rows:
        if row.tier != tier and tier:
            table.add_section()
        rate = "" if seconds is None else f"{row.count / seconds:.1f}"
        failed = f"[red]{row.failed:.0f}[/]" if row.failed else ""
        name = "" if row.tier == tier else row.tier
        table.add_row(name, Text(row.name), f"{row.count:.0f}", rate, failed, _milliseconds(row.p95))
        tier = row.tier
    return table


def _waiting(services: Sequence[figures.Waiting]) -> Table:
    table = Table("service", "jobs waiting", "failed", "messages waiting", "the oldest", "connections busy")
    for column in table.columns[1:]:
        column.justify = "right"
    for one in services:
        failed = f"[red]{one.failed_jobs:.0f}[/]" if one.failed_jobs else "0"
        oldest = f"{one.oldest_seconds:.0f} s" if one.messages else ""
        busy = f"{one.busy:.0f} of {one.busy + one.idle:.0f}"
        table.add_row(one.service, f"{one.jobs:.0f}", failed, f"{one.messages:.0f}", oldest, busy)
    return table


def _measures(measures: Sequence[figures.Measure]) -> Table:
    table = Table("measure", "now", "target")
    for one in measures:
        colour = {True: "green", False: "red", None: "dim"}[one.good]
        bound = "at least" if one.at_least else "at most"
        value = "nothing yet" if one.value is None else _amount(one.value, one.unit)
        table.add_row(one.name, f"[{colour}]{value}[/]", f"{bound} {_amount(one.target, one.unit)}")
    return table


def _amount(value: float, unit: str) -> str:
    if unit == "%":
        return f"{100 * value:.4g} %"
    if unit == "s":
        return _milliseconds(value) if value < 1 else f"{value:.0f} s"
    return f"{value:.0f}"


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{1000 * seconds:.3g} ms"
