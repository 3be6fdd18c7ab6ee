"""What processes used: CPU time and memory, from /proc."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """`cpu` in seconds since the process began, its children (living and reaped) included; `memory` in bytes now.

    `memory` is the proportional share where the kernel tells it: PostgreSQL's shared buffers count once.
    """

    cpu: float
    memory: int

    def cpu_since(self, earlier: "Usage") -> float:
        """CPU seconds between two looks."""
        return self.cpu - earlier.cpu


def look(pids: Mapping[str, int]) -> dict[str, Usage]:
    """The usage of each process by name, with everything that descends from it. Those that are gone are left out."""
    children = _children()
    usages = ((name, _usage([pid, *_descendants(pid, children)])) for name, pid in pids.items())
    return {name: usage for name, usage in usages if usage is not None}


def _usage(pids: Iterable[int]) -> Usage | None:
    # A child's time moves into its parent's `cutime` when it is reaped, so that the sum never goes back.
    stats = [stat for stat in map(_stat, pids) if stat is not None]
    if not stats:
        return None
    return Usage(sum(stat.cpu for stat in stats), sum(_memory(stat.pid) for stat in stats))


@dataclass(frozen=True)
class _Stat:
    pid: int
    parent: int
    cpu: float


def _stat(pid: int) -> _Stat | None:
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    # After the name: state, ppid, …; utime, stime, cutime and cstime are the 12th to the 15th from there.
    return _Stat(pid, int(fields[1]), sum(map(int, fields[11:15])) * _TICK_SECONDS)


def _children() -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))) is not None:
            children.setdefault(stat.parent, []).append(stat.pid)
    return children


def _descendants(pid: int, children: Mapping[int, list[int]]) -> list[int]:
    found: list[int] = []
    for child in children.get(pid, ()):
        found += [child, *_descendants(child, children)]
    return found


def _memory(pid: int) -> int:
    for file, field in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        try:
            lines = (_PROC / str(pid) / file).read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            if line.startswith(field):
                return int(line.split()[1]) * 1024
    return 0


def machine_cpu() -> float:
    """CPU seconds that everything on this machine used since it started, time stolen by a hypervisor included."""
    fields = [int(field) for field in (_PROC / "stat").read_text().splitlines()[0].split()[1:]]
    user, nice, system, _idle, _waiting, irq, softirq, steal = fields[:8]
    return (user + nice + system + irq + softirq + steal) * _TICK_SECONDS
