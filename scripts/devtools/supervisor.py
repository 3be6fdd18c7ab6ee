"""Keeps processes running: starts them in any order, restarts what dies, stops all of them in order, leaves nothing.

Every child leads a process group of its own. Its output goes to `<log_dir>/<name>.log`.
"""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.devtools import processes
from scripts.devtools.child_log import ChildLog
from scripts.devtools.events import Event, Report
from scripts.devtools.lifeline import Watchdog, tied_to_parent

WARNING = re.compile(
    rb'"level":\s*"(?:warning|error|critical|warn|fatal)"|\b(?:WARN|WARNING|ERROR|FATAL|PANIC|Traceback)\b'
)


class ProcessFailedError(Exception):
    """A sentence: which process ended with what, its last words, and where its log is."""


@dataclass(frozen=True)
class ProcessSpec:
    """How to start, probe and stop one process.

    `prepare` runs (in a thread) before each start; `probe` says whether it is ready; children with a lower
    `stop_rank` are stopped first, those of the same rank together, and killed `grace` seconds later. Lines that
    match `warning` are reported as they appear.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    port: int | None = None
    probe: Callable[[], Awaitable[bool]] | None = None
    prepare: Callable[[], None] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_rank: int = 1
    warning: re.Pattern[bytes] = WARNING
    grace: float = 15
    uid: int | None = None
    gid: int | None = None


@dataclass(frozen=True)
class Backoff:
    """Seconds between a death and the next start: doubling from `first` to `longest`, anew after `healthy`."""

    first: float = 0.5
    longest: float = 15
    healthy: float = 30

    def next(self, current: float, lived: float) -> float:
        """The next delay, after one of `current` seconds (0: none yet) and a life of `lived` seconds."""
        return self.first if current == 0 or lived >= self.healthy else min(current * 2, self.longest)


@dataclass
class Child:
    """What is known of one supervised process now."""

    spec: ProcessSpec
    process: "Started | None" = None
    ready: bool = False
    restarts: int = 0
    task: asyncio.Task[None] | None = None


@dataclass(frozen=True)
class Started:
    """One life of a process. The pipe is our own: with one of asyncio's, `wait` would wait for its closing, too."""

    process: asyncio.subprocess.Process
    output: asyncio.StreamReader

    @property
    def pid(self) -> int:
        """The process, and the group that it leads."""
        return self.process.pid


class Supervisor:
    """Owns the children. Use from the main thread's event loop; `stop` before that loop ends."""

    def __init__(
        self,
        log_dir: Path,
        report: Report,
        *,
        backoff: Backoff | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.children: dict[str, Child] = {}
        self._log_dir = log_dir
        self._report = report
        self._backoff = backoff or Backoff()
        self._on_change = on_change
        self._stopping = asyncio.Event()
        self._watchdog = Watchdog()

    @property
    def watchdog_pid(self) -> int:
        """The process that ends the children should this one be killed."""
        return self._watchdog.pid

    def start(self, spec: ProcessSpec) -> None:
        """Start a process and keep it running from now on."""
        child = self.children[spec.name] = Child(spec)
        child.task = asyncio.create_task(self._keep(child), name=spec.name)

    async def run_once(self, spec: ProcessSpec, timeout: float) -> None:
        """Run a process to its end. Raises ProcessFailedError when that is not success, or takes too long."""
        log = ChildLog(self._log_dir, spec.name)
        started = await self._spawn(spec)
        try:
            async with asyncio.timeout(timeout):
                code = await self._live(started, log, spec)
        except TimeoutError:
            raise ProcessFailedError(
                f"{spec.name} did not end within {timeout:.0f} s (log: {log.path})"
            ) from None
        finally:
            log.close()
        if code != 0:
            raise ProcessFailedError(
                f"{spec.name} {_how_it_ended(code)}: {log.last_words()} (log: {log.path})"
            )

    async def wait_ready(self, timeout: float, names: Sequence[str] | None = None) -> None:
        """Wait until the children (all, or those named) are ready. Raises ProcessFailedError, naming who is not."""
        wanted = [self.children[name] for name in names or list(self.children)]
        try:
            async with asyncio.timeout(timeout):
                while not all(child.ready for child in wanted):
                    await asyncio.sleep(0.02)
        except TimeoutError:
            late = [child.spec.name for child in wanted if not child.ready]
            words = "; ".join(f"{name}: {ChildLog.tail(self._log_dir, name)}" for name in late)
            raise ProcessFailedError(
                f"Not ready after {timeout:.0f} s: {', '.join(late)}. {words} (logs: {self._log_dir})"
            ) from None

    async def stop(self) -> None:
        """Stop everything, lowest rank first. Safe to call twice."""
        self._stopping.set()
        for rank in sorted({child.spec.stop_rank for child in self.children.values()}):
            peers = [child for child in self.children.values() if child.spec.stop_rank == rank]
            await asyncio.gather(*(self._stop_child(child) for child in peers))
        await asyncio.to_thread(self._watchdog.close)
        self._on_change()

    async def _keep(self, child: Child) -> None:
        spec, delay = child.spec, 0.0
        log = ChildLog(self._log_dir, spec.name)
        clock = asyncio.get_running_loop().time
        try:
            while not self._stopping.is_set():
                began, code = clock(), None
                try:
                    if spec.prepare is not None:
                        await asyncio.to_thread(spec.prepare)
                    if self._stopping.is_set():
                        return
                    child.process = await self._spawn(spec)
                    self._on_change()
                    watch = asyncio.create_task(self._watch_until_ready(child))
                    try:
                        code = await self._live(child.process, log, spec)
                    finally:
                        watch.cancel()
                    ended = _how_it_ended(code)
                except (
                    Exception
                ) as error:  # whatever it is, keeping the process running is this method's whole work
                    ended = f"could not start ({error})"
                finally:
                    child.ready = False
                    child.process = None
                if self._stopping.is_set():
                    return
                delay = self._backoff.next(delay, clock() - began)
                child.restarts += 1
                self._report(
                    Event("died", f"{ended}; starting it again in {delay:g} s (log: {log.path})", spec.name)
                )
                self._on_change()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), delay)
        finally:
            log.close()

    async def _live(self, started: Started, log: ChildLog, spec: ProcessSpec) -> int:
        """One life of a process, from its start to the last of its group gone. Returns the exit status."""
        pump = asyncio.create_task(self._pump(started.output, log, spec))
        try:
            return await started.process.wait()
        finally:
            # What it left behind holds its ports and its output: end that before the pump can finish.
            processes.end_group(started.pid)
            await started.process.wait()
            await pump
            self._watchdog.discard(started.pid)

    async def _watch_until_ready(self, child: Child) -> None:
        while child.spec.probe is not None and not await child.spec.probe():
            await asyncio.sleep(0.1)
        child.ready = True
        self._on_change()
        if child.restarts:
            self._report(Event("done", "is ready again", child.spec.name))

    async def _spawn(self, spec: ProcessSpec) -> Started:
        read_end, write_end = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *spec.argv,
                env=dict(spec.env),
                cwd=spec.cwd,
                stdin=subprocess.DEVNULL,
                stdout=write_end,
                stderr=write_end,
                process_group=0,
                user=spec.uid,
                group=spec.gid,
                extra_groups=None if spec.uid is None else [],
                preexec_fn=tied_to_parent(spec.stop_signal),
            )
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        self._watchdog.add(process.pid)
        output = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(output)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(read_end, "rb"))
        return Started(process, output)

    async def _pump(self, output: asyncio.StreamReader, log: ChildLog, spec: ProcessSpec) -> None:
        while chunk := await output.read(65536):
            log.write(chunk)
            for line in chunk.splitlines():
                if spec.warning.search(line):
                    self._report(Event("warning", line.decode(errors="replace")[:400], spec.name))

    async def _stop_child(self, child: Child) -> None:
        if child.process is not None and child.process.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.process.process.send_signal(child.spec.stop_signal)
        if child.task is None:
            return
        done, _ = await asyncio.wait([child.task], timeout=child.spec.grace)
        if not done:
            self._report(
                Event(
                    "warning", f"did not stop within {child.spec.grace:g} s and was killed", child.spec.name
                )
            )
            if child.process is not None:
                processes.end_group(child.process.pid)
            await asyncio.wait([child.task], timeout=5)
        if child.task.done() and not child.task.cancelled() and (error := child.task.exception()):
            self._report(Event("warning", f"its supervision failed: {error!r}", child.spec.name))


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"ended with status {code}"
    with contextlib.suppress(ValueError):
        return f"was killed by {signal.Signals(-code).name}"
    return f"was killed by signal {os.WTERMSIG(-code)}"
