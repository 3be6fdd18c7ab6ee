"""`scripts/check`."""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cyclopts import App
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scripts.devtools.settings import ROOT

STEP_TIMEOUT = 600.0
AT_ONCE = 2

_BIN = ROOT / ".venv" / "bin"

app = App(name="scripts/check", help_format="plaintext", version_flags=[])


@dataclass(frozen=True)
class Step:
    """One check: a command that exits with 0 when all is well."""

    title: str
    command: Sequence[str]


@dataclass(frozen=True)
class Outcome:
    """What became of a step. `output` is both its streams."""

    step: Step
    good: bool
    seconds: float
    output: str


# The longest first: two run at a time.
STEPS = (
    Step("strict types (basedpyright)", [str(_BIN / "basedpyright")]),
    Step("generated SDL and OpenAPI are current", [str(_BIN / "python"), "-m", "services.schema", "--check"]),
    Step("supergraph is current", ["node", "gateway-config/compose.mjs", "--check"]),
    Step("what frontends were promised holds", ["node", "gateway-config/contracts/cli.mjs", "check"]),
    Step(
        "the Python client of fans' operations is current",
        [str(_BIN / "python"), "-m", "scripts.devtools.client_package", "--check"],
    ),
    Step("import contracts (import-linter)", [str(_BIN / "lint-imports"), "--no-cache", "--no-logo"]),
    Step("declared dependencies (deptry), services", [str(_BIN / "deptry"), "services", "--no-ansi"]),
    Step(
        "declared dependencies (deptry), scripts and tests",
        [str(_BIN / "deptry"), "scripts", "tests", "--no-ansi", "--ignore", "DEP002,DEP004"],
    ),
    Step("lint (ruff)", [str(_BIN / "ruff"), "check", "."]),
    Step("format (ruff)", [str(_BIN / "ruff"), "format", "--check", "--output-format=concise", "."]),
)


def main(argv: list[str]) -> int:
    """The entry point of `scripts/check`."""
    return app(argv) or 0


@app.default
def check() -> int:
    """Run every static check: format, lint, types, import contracts, dependencies, generated files.

    scripts/schema writes the generated files anew; .venv/bin/ruff format formats. The exit code is 1 when one fails.
    """
    console = Console(highlight=False, soft_wrap=True)
    with console.status("Checking …"):
        outcomes = asyncio.run(run_all(STEPS, ROOT))
    for outcome in outcomes:
        if not outcome.good:
            console.rule(f"[red]{outcome.step.title}")
            console.print(escape(outcome.output.strip() or "no output"))
    table = Table("check", "result", "seconds")
    for outcome in outcomes:
        result = "[green]good[/]" if outcome.good else "[red]FAILED[/]"
        table.add_row(outcome.step.title, result, f"{outcome.seconds:.1f}")
    console.print(table)
    return 0 if all(outcome.good for outcome in outcomes) else 1


async def run_all(steps: Sequence[Step], cwd: Path) -> list[Outcome]:
    """Run the steps, two at a time. The outcomes are in the steps' order."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def run(step: Step) -> Outcome:
        async with turn:
            return await _run(step, cwd)

    return await asyncio.gather(*(run(step) for step in steps))


async def _run(step: Step, cwd: Path) -> Outcome:
    began = time.monotonic()
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONPATH": str(cwd)}
    try:
        process = await asyncio.create_subprocess_exec(
            *step.command,
            cwd=cwd,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as error:
        return Outcome(step, False, 0, str(error))
    try:
        output, _ = await asyncio.wait_for(process.communicate(), STEP_TIMEOUT)
    except TimeoutError:
        process.kill()
        await process.wait()
        output = f"did not end within {STEP_TIMEOUT:.0f} s".encode()
    return Outcome(step, process.returncode == 0, time.monotonic() - began, output.decode(errors="replace"))
