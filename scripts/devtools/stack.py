"""The whole system on one machine: PostgreSQL, roles, migrations, seed, processes, and the wait for a real answer."""

import asyncio
import contextlib
import re
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from scripts.devtools import databases, postgres_binaries, run_state
from scripts.devtools.databases import ServiceDatabase
from scripts.devtools.events import Event, Report
from scripts.devtools.postgres import EmbeddedPostgres, PostgresError
from scripts.devtools.probes import PortInUseError, check_ports_free
from scripts.devtools.ready import ask_across_all_services
from scripts.devtools.run_state import ProcessState, RunState
from scripts.devtools.settings import Settings, SettingsError
from scripts.devtools.supervisor import ProcessFailedError, ProcessSpec, Supervisor
from scripts.devtools.tokens import Mint
from scripts.devtools.topology import POSTGRES_RANK, Topology
from services import SERVICES

MIGRATE_TIMEOUT, SEED_TIMEOUT, READY_TIMEOUT = 180.0, 180.0, 180.0

# What a statement does wrong is for its service to tell: a lost race is an ERROR in PostgreSQL's log.
_POSTGRES_ALARM = re.compile(rb"\b(?:FATAL|PANIC):")

StackError = (PostgresError, PortInUseError, ProcessFailedError, SettingsError, OSError)
"""What `Stack.start` raises; each message is a sentence for the person at the terminal."""


class Stack:
    """One system over one data directory.

    `durable=False` trades the safety of the data in a crash of the machine for speed; `only_postgres` starts the
    server and nothing else. Both are for tests.
    """

    def __init__(
        self,
        settings: Settings,
        report: Report,
        *,
        split: bool = False,
        durable: bool = True,
        only_postgres: bool = False,
    ) -> None:
        self.settings = settings
        self.split = split
        self._report = report
        self._durable = durable
        self._only_postgres = only_postgres
        self._postgres: EmbeddedPostgres | None = None
        self._supervisor: Supervisor | None = None
        self._admin_dsn: str | None = None
        self._ready = False
        self._pid, self._started = run_state.this_process()

    @property
    def endpoint(self) -> str:
        """Where GraphQL is served."""
        return f"{self.settings.url('router')}/graphql"

    async def start(self) -> None:
        """Bring everything up, and return when a query that crosses all four services has answered.

        Raises one of StackError; call `stop` afterwards all the same.
        """
        settings = self.settings
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        for folder in ("files", "outbox"):
            (settings.data_dir / folder).mkdir(exist_ok=True)
        server = settings.get("DATABASE_URL")
        topology = Topology(
            settings, {service: ServiceDatabase(service, "", "") for service in SERVICES}, self.split
        )
        wanted = {} if self._only_postgres else topology.ports
        check_ports_free(wanted if server else {**wanted, "postgres": settings.ports["postgres"]})
        self._supervisor = Supervisor(settings.data_dir / "logs", self._report, on_change=self._write_state)
        with self._step("PostgreSQL", "the server of DATABASE_URL" if server else "embedded"):
            self._admin_dsn = server or await self._start_postgres(self._supervisor)
            await asyncio.to_thread(databases.check_server, self._admin_dsn)
        if not self._only_postgres:
            with self._step("Roles and databases"):
                password = settings["DB_PASSWORD"]
                made = await asyncio.to_thread(
                    databases.provision, self._admin_dsn, topology.own_backends, password
                )
            await self._start_processes(self._supervisor, replace(topology, databases=made))
        self._ready = True
        self._write_state()
        self._report(Event("ready", self.endpoint))

    async def stop(self) -> None:
        """Stop everything: the router first, PostgreSQL last. Nothing is left behind but the data and the logs."""
        if self._supervisor is not None:
            self._report(Event("stopping", "Stopping"))
            await self._supervisor.stop()
            if self._postgres is not None:
                await asyncio.to_thread(self._postgres.clear_stale)
            run_state.clear(self.settings.data_dir)
            self._supervisor = None

    async def run_until_signal(self, lifeline: int | None = None) -> bool:
        """Start, stay up until SIGINT, SIGTERM or the end of process `lifeline`, stop.

        False when it could not start; the reason was reported as a `failed` event.
        """
        end = asyncio.Event()
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(sign, end.set)
        watch = asyncio.create_task(_set_when_gone(lifeline, end))
        starting = asyncio.create_task(self.start())
        ending = asyncio.create_task(end.wait())
        failure: BaseException | None = None
        try:
            await asyncio.wait([starting, ending], return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                failure = starting.exception()
            if failure is None:
                await ending
        finally:
            for task in (starting, ending, watch):
                task.cancel()
            await asyncio.gather(starting, ending, watch, return_exceptions=True)
            await self.stop()
        if isinstance(failure, StackError):
            self._report(Event("failed", str(failure)))
        elif failure is not None:
            raise failure
        return failure is None

    async def _start_postgres(self, supervisor: Supervisor) -> str:
        postgres = await asyncio.to_thread(
            EmbeddedPostgres,
            self.settings.data_dir / "postgres",
            self.settings.ports["postgres"],
            durable=self._durable,
        )
        self._postgres = postgres
        await asyncio.to_thread(postgres.prepare)
        user = postgres.account
        supervisor.start(
            ProcessSpec(
                name="postgres",
                argv=postgres.command,
                env=postgres.environment,
                cwd=postgres_binaries.cache_folder(),
                port=postgres.port,
                probe=partial(asyncio.to_thread, postgres.answers),
                prepare=postgres.prepare,
                stop_signal=signal.SIGINT,
                stop_rank=POSTGRES_RANK,
                warning=_POSTGRES_ALARM,
                grace=30,
                uid=user.uid,
                gid=user.gid,
            )
        )
        await supervisor.wait_ready(60, ["postgres"])
        return postgres.dsn()

    async def _start_processes(self, supervisor: Supervisor, topology: Topology) -> None:
        specs = topology.processes()
        # What needs no database starts while the migrations run.
        early = [spec for spec in specs if spec.name in {"router", "identity"}]
        for spec in early:
            supervisor.start(spec)
        with self._step("Migrations"):
            await supervisor.run_once(topology.migrate(), MIGRATE_TIMEOUT)
        for spec in specs:
            if spec not in early:
                supervisor.start(spec)
        with self._step("Demonstration data"):
            await supervisor.run_once(topology.seed(), SEED_TIMEOUT)
        with self._step("Processes", ", ".join(spec.name for spec in specs)):
            await supervisor.wait_ready(READY_TIMEOUT)
        with self._step("A query across all four services"):
            # Another identity provider's tokens cannot be made here: ask what needs none.
            token = Mint.from_settings(self.settings).mint("fan") if topology.has_identity else None
            await ask_across_all_services(self.endpoint, token, timeout=30)

    @contextlib.contextmanager
    def _step(self, title: str, detail: str = "") -> Iterator[None]:
        began = time.monotonic()
        self._report(Event("step", title))
        yield
        took = f"{time.monotonic() - began:.1f} s"
        self._report(Event("done", f"{title} ({detail}, {took})" if detail else f"{title} ({took})"))

    def _write_state(self) -> None:
        if self._supervisor is None:
            return
        states: dict[str, ProcessState] = {}
        for name, child in self._supervisor.children.items():
            pid = None if child.process is None else child.process.pid
            started = None if pid is None else run_state.processes.started_at(pid)
            states[name] = ProcessState(pid, child.spec.port, child.ready, child.restarts, started)
        state = RunState(
            pid=self._pid,
            started=self._started,
            endpoint=self.endpoint,
            issuer=self.settings.url("identity"),
            split=self.split,
            ready=self._ready,
            admin_dsn=self._admin_dsn,
            watchdog=self._supervisor.watchdog_pid,
            router_metrics=self.settings.ports["router-metrics"],
            processes=states,
        )
        run_state.write(self.settings.data_dir, state)


def wipe(settings: Settings) -> None:
    """Remove the data of a stack that does not run: databases, files, messages. Keeps the signing key and the logs."""
    if server := settings.get("DATABASE_URL"):
        for service in SERVICES:
            databases.drop(server, f"monoql_{service}")
    else:
        EmbeddedPostgres(settings.data_dir / "postgres", settings.ports["postgres"]).wipe()
    for folder in ("files", "outbox"):
        shutil.rmtree(settings.data_dir / folder, ignore_errors=True)


async def _set_when_gone(pid: int | None, end: asyncio.Event) -> None:
    if pid is None:
        return
    started = run_state.processes.started_at(pid)
    while started is not None and run_state.processes.started_at(pid) == started:
        await asyncio.sleep(0.25)
    end.set()
