"""Where a data directory lies: in its place, or where the unprivileged user that serves root can reach it."""

import contextlib
import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from scripts.devtools import postgres_binaries, processes


@dataclass(frozen=True)
class Location:
    """`folder` holds the data. When that is elsewhere, `pointer`, a file at the wanted place, says where."""

    folder: Path
    pointer: Path

    @property
    def log(self) -> Path:
        """The server's log when nobody else keeps one."""
        return Path(f"{self.folder}.log")

    def remove(self) -> None:
        """Remove the data, its log, and the pointer. The server must be stopped."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for path in (self.log, self.pointer, _origin(self.folder)):
            path.unlink(missing_ok=True)


def find(wanted: Path) -> Location:
    """The location for a data directory that is wanted at `wanted`."""
    wanted = wanted.absolute()
    pointer = Path(f"{wanted}.location")
    if os.geteuid() != 0 or postgres_binaries.reachable(wanted.parent):
        return Location(wanted, pointer)
    cache = postgres_binaries.cache_folder()
    _remove_forgotten(cache)
    elsewhere = cache / f"data-{hashlib.sha256(str(wanted).encode()).hexdigest()[:12]}"
    pointer.parent.mkdir(parents=True, exist_ok=True)
    pointer.write_text(f"{elsewhere}\n")
    _origin(elsewhere).write_text(str(pointer))
    return Location(elsewhere, pointer)


def _remove_forgotten(cache: Path) -> None:
    """Remove the data of whoever deleted the pointer with the folder around it, such as a test run that was killed."""
    for origin in cache.glob("data-*.origin"):
        with contextlib.suppress(FileNotFoundError):  # somebody else removes it now
            location = Location(origin.with_suffix(""), Path(origin.read_text()))
            if not location.pointer.exists() and not processes.with_working_directory(location.folder):
                location.remove()


def _origin(folder: Path) -> Path:
    return Path(f"{folder}.origin")
