"""`scripts/status`."""

from cyclopts import App
from rich.console import Console
from rich.table import Table

from scripts.devtools import run_state
from scripts.devtools import settings as devsettings

app = App(name="scripts/status", help_format="plaintext", version_flags=[])


def main(argv: list[str]) -> int:
    """The entry point of `scripts/status`."""
    return app(argv) or 0


@app.default
def status() -> int:
    """Show the processes of the running stack. The exit code is 1 when it is not running or not all are ready."""
    console = Console(highlight=False)
    state = run_state.read(devsettings.load().data_dir)
    if state is None or not state.alive:
        console.print("Not running. Start it with scripts/up.")
        return 1
    table = Table("process", "pid", "port", "ready", "restarts")
    for name, process in state.processes.items():
        ready = "[green]yes[/]" if process.ready else "[red]no[/]"
        table.add_row(name, str(process.pid or ""), str(process.port or ""), ready, str(process.restarts))
    console.print(table)
    console.print(f"GraphQL: {state.endpoint}")
    return 0 if state.ready and all(process.ready for process in state.processes.values()) else 1
