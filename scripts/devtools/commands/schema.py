"""`scripts/schema`."""

import subprocess
import sys

from cyclopts import App

from scripts.devtools.settings import ROOT

app = App(name="scripts/schema", help_format="plaintext", version_flags=[])

_CONTRACTS = ["node", "gateway-config/contracts/cli.mjs"]
_GENERATORS = ([sys.executable, "-m", "services.schema"], ["node", "gateway-config/compose.mjs"])
_CLIENT = [sys.executable, "-m", "scripts.devtools.client_package"]


def main(argv: list[str]) -> int:
    """The entry point of `scripts/schema`."""
    return app(argv) or 0


@app.default
def schema() -> int:
    """Write the generated files anew: schema.graphql and openapi.json of each service, supergraph, public schema,
    registered documents, fans' operations for TypeScript and Python.

    The exit code is that of the first step that fails; composition errors name the subgraph and the field.
    """
    return _run(*_GENERATORS, [*_CONTRACTS, "write"], _CLIENT)


@app.command(name="diff")
def show_difference() -> int:
    """Show what your change does to frontends, compared with the last release: safe, dangerous, breaking.

    By subgraph, with the operations of gateway-config/operations that depend on what changed. Writes the generated
    files first.
    """
    return _run(*_GENERATORS, [*_CONTRACTS, "write"], [*_CONTRACTS, "diff"])


@app.command
def release() -> int:
    """Make the present graph the last release, that later changes are held against.

    Refused when it breaks what the release before it promised; says what and whom.
    """
    return _run(*_GENERATORS, [*_CONTRACTS, "write"], [*_CONTRACTS, "release"])


def _run(*steps: list[str]) -> int:
    for command in steps:
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        if code != 0:
            return code
    return 0
