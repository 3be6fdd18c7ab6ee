"""`scripts/test`."""

import subprocess
import sys

from scripts.devtools.settings import ROOT

_HELP = """Usage: scripts/test [PYTEST ARGUMENTS]

Run the tests; what is missing is installed first. Arguments go to pytest, paths are relative to the repository:

  scripts/test                          everything but tests/load, on two processes
  scripts/test tests/unit/entries -x    one folder, up to the first failure
  scripts/test -k journey               by name
  scripts/test -- --help                pytest's own help
"""
_ON_TWO_PROCESSES = ["--numprocesses=2", "--dist=loadfile"]
_LOAD_TESTS = "tests/load"


def main(argv: list[str]) -> int:
    """The entry point of `scripts/test`."""
    if argv[:1] in (["--help"], ["-h"]):
        print(_HELP, end="")
        return 0
    given = argv[1:] if argv[:1] == ["--"] else argv
    arguments = list(given or _ON_TWO_PROCESSES)
    if not any(_LOAD_TESTS in argument for argument in given):
        arguments.append(f"--ignore={_LOAD_TESTS}")
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=ROOT, check=False).returncode
