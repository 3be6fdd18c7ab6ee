"""Background jobs on procrastinate: deferred inside the caller's transaction, run by the worker, resumed
after a kill.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import procrastinate
from procrastinate import JobContext, PsycopgConnector, RetryStrategy

from services.kit.metrics import FAILED, JOB_SECONDS, OK, registry
from services.kit.pg import Connection
from services.kit.telemetry import log, request_id
from services.kit.telemetry import request_id as request_id_variable

RETRY = RetryStrategy(max_attempts=8, exponential_wait=2)
_STALLED_SECONDS = 20
_seconds = registry.histogram("monoql_job_seconds", "Runs of jobs.", ("task", "outcome"), JOB_SECONDS)
_action_seconds = registry.histogram(
    "monoql_action_seconds", "Runs of what the worker repeats.", ("action", "outcome"), JOB_SECONDS
)

_DEFER = """
SELECT procrastinate_defer_jobs_v1(ARRAY[
    ROW($1::varchar, $2::varchar, 0, $3::text, NULL::text, $4::jsonb, $5::timestamptz)::procrastinate_job_to_defer_v1
])
"""


async def defer(
    connection: Connection,
    task: str,
    *,
    queue: str,
    lock: str | None = None,
    at: datetime | None = None,
    **args: Any,
) -> None:
    """Adds a job in the caller's transaction: it exists exactly if the transaction commits.

    Jobs of the same `lock` run one at a time. Tasks must be idempotent: a job may run again after a kill.
    """
    args["request_id"] = request_id.get()
    await connection.fetchval(_DEFER, queue, task, lock, args, at)


class Jobs:
    """One service's background jobs: `task` registers one, `run` works on them until cancelled."""

    def __init__(self, database_url: str, queue: str) -> None:
        self.queue = queue
        connector = PsycopgConnector(conninfo=database_url, min_size=1, max_size=4)
        self.app = procrastinate.App(connector=connector)
        self._actions: list[tuple[float, str, Callable[[], Awaitable[int]]]] = []

    def every(self, seconds: float, name: str, action: Callable[[], Awaitable[int]]) -> None:
        """Adds an action to repeat; it answers how much it found to do, and is run again at once when that is not 0."""
        self._actions.append((seconds, name, action))

    def task(
        self, name: str, *, gave_up: Callable[..., Awaitable[None]] | None = None
    ) -> Callable[[Callable[..., Awaitable[None]]], Callable[..., Awaitable[None]]]:
        """Registers an async function as the task of this name; its keyword arguments are the job's.

        `gave_up` is called with the same arguments when the last attempt has failed, to tell whoever waits.
        """

        def register(function: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
            async def run(context: JobContext, request_id: str | None = None, **args: Any) -> None:
                request_id_variable.set(request_id)
                log.info("job started", task=name)
                began, outcome = perf_counter(), FAILED
                try:
                    await function(**args)
                    outcome = OK
                except Exception as error:
                    if gave_up and RETRY.get_retry_decision(exception=error, job=context.job) is None:
                        await gave_up(**args)
                    raise
                finally:
                    _seconds.observe((name, outcome), perf_counter() - began)
                log.info("job done", task=name)

            self.app.task(name=name, queue=self.queue, retry=RETRY, pass_context=True)(run)
            return function

        return register

    async def forget_failed(self, days: int) -> int:
        """Drops jobs that failed, were cancelled or aborted more than `days` ago. Done jobs go at once."""
        await self.app.job_manager.delete_old_jobs(
            nb_hours=24 * days, include_failed=True, include_cancelled=True, include_aborted=True
        )
        return 0

    async def run(self, concurrency: int = 2) -> None:
        """Works on this service's queue until cancelled; jobs of killed workers are put back in line."""
        async with self.app.open_async(), asyncio.TaskGroup() as group:
            for seconds, name, action in [(10.0, "rescue", self._rescue), *self._actions]:
                group.create_task(repeat(action, idle_seconds=seconds, name=f"{self.queue}:{name}"))
            group.create_task(
                self.app.run_worker_async(
                    queues=[self.queue],
                    concurrency=concurrency,
                    install_signal_handlers=False,
                    fetch_job_polling_interval=2,
                    delete_jobs="successful",
                )
            )

    async def _rescue(self) -> int:
        """procrastinate leaves the jobs of a killed worker `doing` for ever: put them back."""
        for job in await self.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED_SECONDS):
            log.warning("job of a dead worker is tried again", task=job.task_name)
            await self.app.job_manager.retry_job(job, retry_at=datetime.now(UTC))
        return 0


async def repeat(action: Callable[[], Awaitable[int]], *, idle_seconds: float, name: str) -> None:
    """Runs `action` for ever: again at once while it finds work (returns > 0), else after `idle_seconds`."""
    while True:
        began, outcome = perf_counter(), FAILED
        try:
            found = await action()
            outcome = OK
        except Exception as error:
            log.warning(
                "background action failed, will be tried again", action=name, reason=type(error).__name__
            )
            found = 0
        _action_seconds.observe((name, outcome), perf_counter() - began)
        if not found:
            await asyncio.sleep(idle_seconds)
