"""Writes each service's contracts, `schema.graphql` upward and `openapi.json` downward; `--check` only says
which are stale.
"""

import json
import sys
from importlib import import_module
from pathlib import Path

from services import SERVICES


def main() -> None:
    check = "--check" in sys.argv[1:]
    stale: list[str] = []
    for path, text in contracts():
        if path.exists() and path.read_text() == text:
            continue
        stale.append(str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path))
        if not check:
            path.write_text(text)
    for name in stale:
        print(f"{name}: {'stale, run scripts/schema' if check else 'written'}")
    if check and stale:
        raise SystemExit(1)


def contracts() -> list[tuple[Path, str]]:
    """Each contract's path and what it should hold."""
    found: list[tuple[Path, str]] = []
    for name in SERVICES:
        folder = Path(__file__).parent / name
        schema = import_module(f"services.{name}.subgraph.schema").schema
        api = import_module(f"services.{name}.backend.routes").api
        found.append((folder / "schema.graphql", schema.as_str() + "\n"))
        found.append((folder / "openapi.json", json.dumps(api.openapi(), indent=2, sort_keys=True) + "\n"))
    return found


if __name__ == "__main__":
    main()
