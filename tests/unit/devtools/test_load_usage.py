"""CPU time from /proc, children included, whether they live or were reaped."""

import os
import subprocess
import sys

from scripts.devtools.load.usage import look, machine_cpu

_BUSY = "import time\nwhile time.process_time() < 0.1: pass\n"


def test_a_reaped_childs_time_counts_for_its_parent() -> None:
    pids = {"me": os.getpid()}
    before = look(pids)["me"]
    subprocess.run([sys.executable, "-c", _BUSY], check=True)
    after = look(pids)["me"]

    assert after.cpu_since(before) >= 0.05


def test_a_living_child_counts_for_its_parent() -> None:
    held = 64 * 1024 * 1024
    leaf = f"{_BUSY}held = b'x' * {held}\nprint(flush=True)\ninput()"
    tree = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {leaf!r}], check=True)"
    with subprocess.Popen(
        [sys.executable, "-c", tree], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        usage = look({"parent": parent.pid})["parent"]
        parent.communicate(b"\n")

    assert usage.cpu >= 0.05
    assert usage.memory >= held


def test_processes_that_are_gone_are_left_out() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        pass

    assert set(look({"me": os.getpid(), "gone": child.pid})) == {"me"}


def test_the_machine_uses_at_least_what_a_process_uses() -> None:
    before = machine_cpu()
    subprocess.run([sys.executable, "-c", _BUSY], check=True)

    assert machine_cpu() - before >= 0.05
