import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from scripts.devtools import processes
from scripts.devtools.events import Event
from scripts.devtools.settings import ROOT
from scripts.devtools.supervisor import Backoff, ProcessFailedError, ProcessSpec, Supervisor

FOREVER = "import time\nwhile True: time.sleep(60)"


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
async def supervisor(tmp_path: Path, events: list[Event]) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(tmp_path / "logs", events.append, backoff=Backoff(first=0.01, longest=0.04))
    yield supervisor
    await supervisor.stop()


def python(name: str, code: str, **options: object) -> ProcessSpec:
    return ProcessSpec(name, [sys.executable, "-S", "-c", code], os.environ, Path("/"), **options)  # pyright: ignore[reportArgumentType]


async def until(condition: Callable[[], bool], timeout: float = 10) -> None:
    async with asyncio.timeout(timeout):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_dead_child_is_restarted_with_backoff_and_said_so(
    supervisor: Supervisor, events: list[Event]
):
    supervisor.start(python("dies", "raise SystemExit(3)"))
    await until(lambda: supervisor.children["dies"].restarts >= 4)
    deaths = [event.text for event in events if event.kind == "died"][:4]
    assert [text.partition(" (log")[0] for text in deaths] == [
        "ended with status 3; starting it again in 0.01 s",
        "ended with status 3; starting it again in 0.02 s",
        "ended with status 3; starting it again in 0.04 s",
        "ended with status 3; starting it again in 0.04 s",
    ]


def test_backoff_starts_anew_after_a_healthy_life():
    backoff = Backoff()
    delays = [0.0]
    for lived in (0, 1, 1, 1, 1, 1, 1, 31, 1):
        delays.append(backoff.next(delays[-1], lived))
    assert delays[1:] == [0.5, 1, 2, 4, 8, 15, 15, 0.5, 1]


async def test_a_killed_child_comes_back_and_is_ready_again(
    supervisor: Supervisor, events: list[Event], tmp_path: Path
):
    async def probe() -> bool:
        return True

    supervisor.start(python("lives", FOREVER, probe=probe))
    await supervisor.wait_ready(10)
    first = supervisor.children["lives"].process
    assert first is not None
    first.process.kill()
    await until(lambda: Event("done", "is ready again", "lives") in events)
    second = supervisor.children["lives"].process
    assert second is not None
    assert second.pid != first.pid
    assert any(event.text.startswith("was killed by SIGKILL; starting it again") for event in events)


async def test_what_a_dead_child_left_behind_is_ended_before_its_restart(
    supervisor: Supervisor, tmp_path: Path
):
    leaves_a_child = f"""
import pathlib, subprocess, sys
child = subprocess.Popen([sys.executable, "-S", "-c", {FOREVER!r}])
pathlib.Path({str(tmp_path / "pid")!r}).write_text(str(child.pid))
raise SystemExit(1)
"""
    supervisor.start(python("parent", leaves_a_child))
    await until(lambda: supervisor.children["parent"].restarts >= 1)
    left = int((tmp_path / "pid").read_text())
    await until(lambda: processes.started_at(left) is None)


async def test_children_stop_in_order_and_the_stubborn_are_killed(
    supervisor: Supervisor, events: list[Event], tmp_path: Path
):
    log = tmp_path / "order"
    says_when = f"""
import signal, time
def stop(*_):
    open({str(log)!r}, "a").write(NAME + " ")
    raise SystemExit
signal.signal(signal.SIGTERM, stop)
print("set", flush=True)
while True: time.sleep(60)
"""
    stubborn = (
        f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('set', flush=True)\n{FOREVER}"
    )
    supervisor.start(python("last", f"NAME = 'last'\n{says_when}", stop_rank=9))
    supervisor.start(python("first", f"NAME = 'first'\n{says_when}", stop_rank=0))
    supervisor.start(python("stubborn", stubborn, grace=0.2))
    logs = [tmp_path / "logs" / f"{name}.log" for name in ("last", "first", "stubborn")]
    await until(lambda: all(path.exists() and "set" in path.read_text() for path in logs))
    await supervisor.stop()
    assert log.read_text() == "first last "
    assert Event("warning", "did not stop within 0.2 s and was killed", "stubborn") in events


async def test_output_goes_to_the_log_and_warnings_to_whoever_watches(
    supervisor: Supervisor, events: list[Event], tmp_path: Path
):
    await supervisor.run_once(
        python("talks", "print('hello'); print('{\"level\": \"warning\"}')"), timeout=10
    )
    assert (tmp_path / "logs" / "talks.log").read_text() == 'hello\n{"level": "warning"}\n'
    assert events == [Event("warning", '{"level": "warning"}', "talks")]


@pytest.mark.parametrize(
    ("code", "timeout", "sentence"),
    [
        ("print('no such table'); raise SystemExit(2)", 30, "once ended with status 2: no such table (log: "),
        (FOREVER, 0.1, "once did not end within 0 s (log: "),
    ],
)
async def test_a_step_that_fails_says_how(supervisor: Supervisor, code: str, timeout: float, sentence: str):
    with pytest.raises(ProcessFailedError) as error:
        await supervisor.run_once(python("once", code), timeout)
    assert str(error.value).startswith(sentence)


async def test_who_is_not_ready_is_named(supervisor: Supervisor):
    async def never() -> bool:
        return False

    supervisor.start(python("late", FOREVER, probe=never))
    with pytest.raises(ProcessFailedError, match=r"Not ready after 0 s: late\. late: it said nothing"):
        await supervisor.wait_ready(0.05)


def test_nothing_survives_a_killed_supervisor(tmp_path: Path):
    """Not even a grandchild that ignores SIGTERM."""
    grandchild = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{FOREVER}"
    child = f"""
import pathlib, os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-S", "-c", {grandchild!r}])
pathlib.Path({str(tmp_path / "pids.new")!r}).write_text(f"{{os.getpid()}} {{child.pid}}")
os.rename({str(tmp_path / "pids.new")!r}, {str(tmp_path / "pids")!r})
while True: time.sleep(60)
"""
    code = f"""
    import asyncio, os, pathlib, sys
    from scripts.devtools import lifeline, supervisor
    async def main():
        lifeline.GRACE_SECONDS = 0.3
        watched = supervisor.Supervisor(pathlib.Path({str(tmp_path)!r}), print)
        argv = [sys.executable, "-S", "-c", {child!r}]
        watched.start(supervisor.ProcessSpec("child", argv, os.environ, pathlib.Path("/")))
        await asyncio.sleep(60)
    asyncio.run(main())
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT)
    try:
        assert processes.wait_until((tmp_path / "pids").exists, timeout=10)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert processes.wait_until(lambda: all(processes.started_at(pid) is None for pid in pids), timeout=10)
