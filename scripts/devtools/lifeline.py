"""Children that do not outlive their parent, however it dies.

Two nets. The kernel signals each direct child when its parent goes (`PR_SET_PDEATHSIG`); and a tiny watchdog
process, which learns of the parent's end by the closing of a pipe, ends whole process groups, grandchildren too.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable

GRACE_SECONDS = 5.0
"""How long the watchdog waits between SIGTERM and SIGKILL."""

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)

# Runs in a process of its own with `-I -S`, so it is text: imports would cost it start time and memory.
_WATCHDOG = """
import os, signal, sys, time
for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(sign, signal.SIG_IGN)
groups = set()
for line in sys.stdin:
    (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
def end(sign):
    for group in list(groups):
        try:
            os.killpg(group, sign)
        except ProcessLookupError:
            groups.discard(group)
        except PermissionError:
            pass
end(signal.SIGTERM)
deadline = time.monotonic() + float(sys.argv[1])
while groups and time.monotonic() < deadline:
    time.sleep(0.05)
    end(0)
end(signal.SIGKILL)
"""


def tied_to_parent(sign: signal.Signals = signal.SIGTERM) -> Callable[[], None]:
    """A `preexec_fn` that has the kernel send `sign` to the child when the thread that started it ends.

    So start children from the main thread. Comes after a change of user (which clears the setting), as
    `subprocess` runs `preexec_fn` last.
    """
    parent = os.getpid()

    def tie() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(sign), 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), sign)

    return tie if sys.platform == "linux" else lambda: None


class Watchdog:
    """Ends the process groups it was told of once this process is gone.

    >>> watchdog = Watchdog()
    >>> watchdog.add(group)      # when a child has started
    >>> watchdog.discard(group)  # when it was reaped
    >>> watchdog.close()
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _WATCHDOG, str(GRACE_SECONDS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The watchdog's own process id."""
        return self._process.pid

    def add(self, group: int) -> None:
        """End this group, too, when this process dies."""
        self._tell(f"+{group}\n")

    def discard(self, group: int) -> None:
        """This group is gone; its number may be another's tomorrow."""
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """Let the watchdog do its work now and end."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()
