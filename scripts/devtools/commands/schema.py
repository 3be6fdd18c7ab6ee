"""`scripts/schema`."""

import subprocess
import sys

from cyclopts import App

from scripts.devtools.settings import ROOT

app = App(name="scripts/schema", help_format="plaintext", version_flags=[])

_STEPS = ([sys.executable, "-m", "services.schema"], ["node", "gateway-config/compose.mjs"])


def main(argv: list[str]) -> int:
    """The entry point of `scripts/schema`."""
    return app(argv) or 0


@app.default
def schema() -> int:
    """Write the generated files anew: schema.graphql and openapi.json of each service, supergraph, public schema.

    The exit code is that of the first step that fails; composition errors name the subgraph and the field.
    """
    for command in _STEPS:
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        if code != 0:
            return code
    return 0
