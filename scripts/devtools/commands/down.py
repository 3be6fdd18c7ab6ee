"""`scripts/down`."""

from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from scripts.devtools import launch
from scripts.devtools import settings as devsettings
from scripts.devtools.stack import StackError
from scripts.devtools.stack import wipe as wipe_data

app = App(name="scripts/down", help_format="plaintext", version_flags=[])


def main(argv: list[str]) -> int:
    """The entry point of `scripts/down`."""
    return app(argv) or 0


@app.default
def down(*, wipe: Annotated[bool, Parameter(negative="")] = False) -> int:
    """Stop everything that scripts/up started, the router first and PostgreSQL last.

    Parameters
    ----------
    wipe
        Remove the data as well: databases, files, messages.
    """
    console = Console(highlight=False, soft_wrap=True)
    try:
        settings = devsettings.load()
        with console.status("Stopping …"):
            stopped = launch.stop(settings.data_dir, console.print)
        console.print("[green]✓[/] Stopped" if stopped else "Nothing was running.")
        if wipe:
            wipe_data(settings)
            console.print("[green]✓[/] Data removed")
    except StackError as error:
        console.print(f"[red]error:[/] {error}")
        return 1
    return 0
