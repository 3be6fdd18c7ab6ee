"""What /proc says about processes: who they are, whether they still live, who holds a port."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_PROC = Path("/proc")


def started_at(pid: int) -> str | None:
    """The start time of a process in clock ticks since boot: with the pid, a name that is never reused.

    None when there is no such process, or only its zombie.
    """
    try:
        state_and_later = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state_and_later[0] in {"Z", "X"} else state_and_later[19]


def command_line(pid: int) -> str | None:
    """The command of a process as one line, None when it cannot be seen."""
    try:
        words = (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    return " ".join(word.decode(errors="replace") for word in words if word) or None


def pids() -> Iterator[int]:
    """Every process id that /proc shows."""
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            yield int(entry.name)


def with_working_directory(folder: Path) -> list[int]:
    """The processes that run in `folder`: of a PostgreSQL data directory, its postmaster and its backends."""
    return [pid for pid in pids() if _link(_PROC / str(pid) / "cwd") == str(folder) and started_at(pid)]


def group_members(group: int) -> list[int]:
    """The living processes of a process group."""
    members: list[int] = []
    for pid in pids():
        try:
            if os.getpgid(pid) == group and started_at(pid):
                members.append(pid)
        except ProcessLookupError:
            continue
    return members


def listener(port: int) -> int | None:
    """The process that listens on a TCP port of this machine, None when nobody does or it cannot be seen."""
    inodes: set[str] = set()
    for table in ("tcp", "tcp6"):
        try:
            rows = (_PROC / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in (line.split() for line in rows):
            if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{row[9]}]")
    if not inodes:
        return None
    return next((pid for pid in pids() if inodes.intersection(_open_files(pid))), None)


def end_group(group: int, sign: int = signal.SIGKILL) -> None:
    """Signal a whole process group; one that is gone already is fine."""
    try:
        os.killpg(group, sign)
    except (ProcessLookupError, PermissionError):
        return


def wait_until(condition: Callable[[], bool], timeout: float, interval: float = 0.02) -> bool:
    """Poll until `condition` holds. False when it did not within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(interval)
    return True


def _open_files(pid: int) -> Iterator[str]:
    try:
        for entry in (_PROC / str(pid) / "fd").iterdir():
            if target := _link(entry):
                yield target
    except OSError:
        return


def _link(path: Path) -> str | None:
    try:
        return str(path.readlink())
    except OSError:
        return None
