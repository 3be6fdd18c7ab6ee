"""The graph held against what frontends were promised: a copy of everything that counts, for one change at a time."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

GATEWAY = Path(__file__).parents[3] / "gateway-config"
CLI = GATEWAY / "contracts" / "cli.mjs"


@dataclass(frozen=True)
class Promises:
    """`released` and `graph` are supergraphs, alike at first; whoever tests plants a change in one of them."""

    folder: Path

    @classmethod
    def copied(cls, folder: Path) -> "Promises":
        """A copy of the graph, of the operations and of their manifest; the changelog is empty."""
        (folder / "released").mkdir()
        for path in (folder / "graph.graphql", folder / "released" / "supergraph.graphql"):
            shutil.copy(GATEWAY / "supergraph.graphql", path)
        shutil.copytree(GATEWAY / "operations", folder / "operations")
        for place in (folder, folder / "released"):
            shutil.copy(GATEWAY / "persisted.json", place)
        (folder / "CHANGELOG.md").write_text("# Changelog\n")
        return cls(folder)

    @property
    def released(self) -> Path:
        return self.folder / "released" / "supergraph.graphql"

    @property
    def graph(self) -> Path:
        return self.folder / "graph.graphql"

    def note(self, line: str) -> None:
        """Adds a line to the changelog."""
        with (self.folder / "CHANGELOG.md").open("a") as changelog:
            changelog.write(f"- {line}\n")

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """`check`, `write`, `diff` or `release` over this copy."""
        places = {
            "--supergraph": self.graph,
            "--release": self.released.parent,
            "--operations": self.folder / "operations",
            "--changelog": self.folder / "CHANGELOG.md",
            "--manifest": self.folder / "persisted.json",
            "--typescript": self.folder / "operations" / "fan.ts",
        }
        options = [str(part) for option in places.items() for part in option]
        return subprocess.run(
            ["node", str(CLI), command, *options], capture_output=True, text=True, timeout=60, check=False
        )


def replace(path: Path, old: str, new: str, *, inside: str) -> None:
    """Replaces a line's part within one definition (`type Campaign`), and fails unless it is there once."""
    text = path.read_text()
    start = text.index(f"\n{inside} ")
    end = text.index("\n}", start)
    definition = text[start:end]
    assert definition.count(old) == 1, f"{old!r} is {definition.count(old)} times in {inside}"
    path.write_text(text[:start] + definition.replace(old, new) + text[end:])
