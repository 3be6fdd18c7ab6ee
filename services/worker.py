"""Runs background jobs: `python -m services.worker [SERVICE …]`, all services by default.

Per service: its procrastinate queue, its outbox, and its periodic actions, under the service's own database role.
"""

import argparse
import asyncio
import os
import signal
from importlib import import_module

import uvicorn

from services import SERVICES
from services.kit import otlp
from services.kit.asgi import Shell, respond_problem
from services.kit.gauges import look_after
from services.kit.housekeeping import keep_house
from services.kit.jobs import Jobs
from services.serve import load_settings


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m services.worker", description=__doc__)
    parser.add_argument("services", nargs="*", default=[], help=f"of {', '.join(SERVICES)}")
    names: list[str] = parser.parse_args().services or [*SERVICES]
    otlp.set_up(load_settings(names[0], "backend"), "worker")
    # Jobs take what requests leave of the same cores, and give it back at once: niceness alone doubled the slowest
    # registrations during an export. Where the worker has a container of its own, the container's share decides.
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with asyncio.Runner() as runner:
        runner.run(work(names, int(os.environ.get("WORKER_PORT", "4005"))))


async def work(names: list[str], port: int) -> None:
    """Works until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tasks = [asyncio.create_task(_work_for(name)) for name in names]
    tasks.append(asyncio.create_task(_health(port)))
    stopped = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in done - {stopped}:
        task.result()


async def _work_for(name: str) -> None:
    settings = load_settings(name, "backend")
    backend = import_module(f"services.{name}.backend.app")
    async with backend.open_service(settings) as service:
        jobs = Jobs(settings.database_url, name)
        import_module(f"services.{name}.backend.jobs").register(jobs, service)
        jobs.every(1.0, "outbox", service.outbox.drain)
        keep_house(jobs, service.database, settings)
        look_after(jobs, service.database)
        await jobs.run()


async def _health(port: int) -> None:
    async def nothing(_scope: object, _receive: object, send: object) -> None:
        await respond_problem(send, 404, "NOT_FOUND", "There is nothing here.")  # pyright: ignore[reportArgumentType]

    async def ready() -> None:
        """The worker has no port that anyone waits for: alive is ready."""

    shell = Shell(nothing, ready=ready, timeout=5, max_in_flight=50)  # pyright: ignore[reportArgumentType]
    config = uvicorn.Config(
        shell,
        host=os.environ.get("BIND_HOST", "127.0.0.1"),
        port=port,
        lifespan="off",
        access_log=False,
        log_config=None,
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # pyright: ignore[reportAttributeAccessIssue]
    # Not serve(): it would take over the signals.
    await server._serve()  # pyright: ignore[reportPrivateUsage]


if __name__ == "__main__":
    main()
