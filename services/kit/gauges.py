"""How a service stands: jobs and messages that wait. Its worker looks, for all of its processes."""

from pathlib import Path

from services.kit.jobs import Jobs
from services.kit.metrics import registry
from services.kit.pg import Database, Queries

_queries = Queries(Path(__file__).with_name("gauges.sql"))
_EVERY_SECONDS = 5.0
_jobs = registry.gauge("monoql_jobs", "Jobs that are not done.", ("service", "state"))
_messages = registry.gauge("monoql_outbox_messages", "Messages to other services that wait.", ("service",))
_oldest = registry.gauge(
    "monoql_outbox_oldest_seconds", "How long the oldest message has waited.", ("service",)
)


def look_after(jobs: Jobs, database: Database) -> None:
    """Registers the looking with a service's worker."""

    async def look() -> int:
        waiting = await database.fetch(_queries.jobs)
        outbox = await database.fetch(_queries.outbox)
        for state, count in waiting[0].items():
            _jobs.set((jobs.queue, state), count)
        _messages.set((jobs.queue,), outbox[0]["messages"])
        _oldest.set((jobs.queue,), outbox[0]["oldest"])
        return 0

    jobs.every(_EVERY_SECONDS, "gauges", look)
