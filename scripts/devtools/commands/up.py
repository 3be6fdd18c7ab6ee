"""`scripts/up`."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from scripts.devtools import launch, run_state
from scripts.devtools import settings as devsettings
from scripts.devtools.console import ConsoleReport
from scripts.devtools.events import Event
from scripts.devtools.settings import Settings
from scripts.devtools.stack import Stack, StackError, wipe

SAMPLE_QUERY = "{ campaigns(first: 3) { edges { node { slug state } } } }"

app = App(name="scripts/up", help_format="plaintext", version_flags=[])


def main(argv: list[str]) -> int:
    """The entry point of `scripts/up`."""
    return app(argv) or 0


@app.default
def up(
    *,
    detach: Annotated[bool, Parameter(negative="")] = False,
    fresh: Annotated[bool, Parameter(negative="")] = False,
    split: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Start PostgreSQL, the four services, the job worker and the router, and wait until a query across all answers.

    Ports and URLs come from .env and the environment. Ctrl-C (or scripts/down after --detach) stops everything.

    Parameters
    ----------
    detach
        Return when everything is ready, and leave it running.
    fresh
        Wipe the data first: databases, files, messages.
    split
        Run every backend as a process of its own behind HTTP.
    """
    console = Console(stderr=False)
    report = ConsoleReport(console)
    try:
        settings = devsettings.load()
        _refuse_a_second(settings)
        if fresh:
            wipe(settings)
        if detach:
            options = launch.Options(data_dir=str(settings.data_dir), split=split)
            launch.launch(options, report)
            _introduce(console, settings, "scripts/down")
            return 0
    except (launch.LaunchError, *StackError) as error:
        report(Event("failed", str(error)))
        return 1
    finally:
        report.close()

    def show(event: Event) -> None:
        report(event)
        if event.kind == "ready":
            _introduce(console, settings, "Ctrl-C")

    try:
        good = asyncio.run(Stack(settings, show, split=split).run_until_signal())
    finally:
        report.close()
    return 0 if good else 1


def _refuse_a_second(settings: Settings) -> None:
    state = run_state.read(settings.data_dir)
    if state is None:
        return
    if state.alive:
        raise launch.LaunchError(f"It runs already, at {state.endpoint}: stop it with scripts/down first.")
    launch.stop(settings.data_dir)


def _introduce(console: Console, settings: Settings, way_to_stop: str) -> None:
    endpoint = f"{settings.url('router')}/graphql"
    here = Path(os.path.relpath(devsettings.ROOT / "scripts")).as_posix()
    lines = [
        "",
        f"[bold green]MonoQL answers at[/] [bold]{endpoint}[/]",
        "",
        f"  curl {endpoint} -H 'content-type: application/json' \\",
        f'    -H "authorization: Bearer $({here}/token fan)" \\',
        f'    --data \'{{"query": "{SAMPLE_QUERY}"}}\'',
        "",
        f"  Tokens: {here}/token --help     Text messages: {here}/sms     Logs: {_short(settings.data_dir / 'logs')}",
        f"  Stop:   {way_to_stop}",
        "",
    ]
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)
    sys.stdout.flush()


def _short(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
