"""Run one command module: `python -m scripts.devtools.run scripts.devtools.commands.up ARGUMENTS`."""

import importlib
import sys

if __name__ == "__main__":
    name = sys.argv[1]
    command = importlib.import_module(name)
    sys.argv = [name.rpartition(".")[2], *sys.argv[2:]]
    try:
        sys.exit(command.main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
