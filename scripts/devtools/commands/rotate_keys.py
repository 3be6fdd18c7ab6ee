"""`scripts/rotate-keys`."""

import subprocess
import sys
from typing import Annotated

from cyclopts import App, Parameter

from scripts.devtools import databases, run_state
from scripts.devtools import settings as devsettings
from scripts.devtools.topology import Topology
from services import SERVICES

app = App(name="scripts/rotate-keys", help_format="plaintext", version_flags=[])


def main(argv: list[str]) -> int:
    """The entry point of `scripts/rotate-keys`."""
    return app(argv) or 0


@app.default
def rotate_keys(*services: str, check: Annotated[bool, Parameter(negative="")] = False) -> int:
    """Seal everything in the running system's databases anew with the first of DATA_KEYS, while it runs.

    DATA_KEYS comes from .env and the environment, as for scripts/up. Exits with 0 once nothing needs another key,
    with 1 while something does, with 2 when nothing runs. Elsewhere: `python -m services.rotate --help`.

    Parameters
    ----------
    services
        Only these of users, campaigns, entries and codes.
    check
        Only count what needs which key.
    """
    settings = devsettings.load()
    state = run_state.read(settings.data_dir)
    if state is None or state.admin_dsn is None:
        print("error: Nothing is running here: start it with scripts/up.", file=sys.stderr)
        return 2
    made = databases.describe(state.admin_dsn, SERVICES, settings["DB_PASSWORD"])
    spec = Topology(settings, made).rotate([*(["--check"] if check else []), *services])
    return subprocess.run(spec.argv, env=dict(spec.env), cwd=spec.cwd, check=False).returncode
