"""What a run looks like on a terminal and as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scripts.devtools.load.audit import Audit
from scripts.devtools.load.measurement import Measurement

_ORDER = ("router", "users", "campaigns", "entries", "codes")


def show(console: Console, run: Measurement) -> None:
    """Rates, answers by kind, percentiles, and a table of the processes."""
    if run.interrupted:
        console.print("[yellow]Interrupted:[/] this is what there was until then.")
    console.print(
        f"offered      {run.offered} in {run.seconds:.1f} s (wanted {run.rate:g}/s)\n"
        f"achieved     {run.achieved_rate:.1f} acknowledged a second, {run.acknowledged_share:.2%} of what was offered"
    )
    for kind, count in run.kinds.items():
        console.print(f"  {count:>8}   {escape(kind)}")
    latency = run.latency
    percentiles = {"p50": latency.p50, "p95": latency.p95, "p99": latency.p99, "max": latency.max}
    console.print("latency      " + "   ".join(f"{name} {_ms(value)}" for name, value in percentiles.items()))
    console.print(
        f"             from the intended send time; the generator itself was {_ms(run.lateness_p99)} late at p99\n"
        f"connections  {run.connections}, {run.queued} requests waited for one"
    )
    console.print(processes(run.cpu_ms, run.memory))
    console.print(f"Everything else on this machine used {run.cores_elsewhere:.2f} cores meanwhile.")
    if run.restarted:
        console.print(f"[red]Restarted during the run:[/] {', '.join(run.restarted)}")


def processes(cpu_ms: Mapping[str, float], memory: Mapping[str, int]) -> Table:
    """CPU per request and memory of each process, in the order in which a request passes them."""
    table = Table("process", "CPU ms a request", "memory MB")
    for column in table.columns[1:]:
        column.justify = "right"
    for name in sorted(cpu_ms, key=_place):
        table.add_row(name, f"{cpu_ms[name]:.3f}", f"{memory[name] / 1e6:.0f}")
    table.add_section()
    table.add_row("all", f"{sum(cpu_ms.values()):.3f}", f"{sum(memory.values()) / 1e6:.0f}")
    return table


def steps(runs: Sequence[Measurement]) -> Table:
    """One line for each step of a ramp."""
    table = Table("rate", "in", "p50 ms", "p95 ms", "p99 ms", "CPU ms each", "others' cores", "")
    for column in table.columns:
        column.justify = "right"
    for run in runs:
        latency = run.latency
        table.add_row(
            f"{run.rate:g}",
            f"{run.acknowledged_share:.2%}",
            *(f"{value * 1000:.0f}" for value in (latency.p50, latency.p95, latency.p99)),
            f"{sum(run.cpu_ms.values()):.2f}",
            f"{run.cores_elsewhere:.2f}",
            "[green]good[/]" if run.good else "[red]missed[/]",
        )
    return table


def show_audit(console: Console, found: Audit) -> None:
    """The comparison with the database, in a line."""
    mark = "[green]✓[/]" if found.good else "[red]✗[/]"
    console.print(
        f"{mark} database: {found.rows} entries, {found.acknowledged} acknowledged, {found.lost} lost,"
        f" {found.duplicates} duplicates, {found.unacknowledged} there without their fan having been told"
    )


def write_json(path: Path, runs: Sequence[Measurement], found: Audit | None, **more: Any) -> None:
    """Everything as JSON: seconds, bytes, CPU milliseconds a request."""
    document = {
        **more,
        "runs": [
            {**asdict(run), "acknowledged_share": run.acknowledged_share, "good": run.good} for run in runs
        ],
        "database": None if found is None else {**asdict(found), "unacknowledged": found.unacknowledged},
    }
    path.write_text(json.dumps(document, indent=2) + "\n")


def _place(name: str) -> tuple[int, str]:
    first = name.partition("-backend")[0]
    return (_ORDER.index(first) if first in _ORDER else len(_ORDER), name)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
