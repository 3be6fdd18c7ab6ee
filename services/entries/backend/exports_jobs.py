"""Background work of exports."""

from services.entries.backend.app import Service
from services.kit.jobs import Jobs
from services.kit.metrics import registry

_EXPIRY_SECONDS = 60.0
_LOOK_SECONDS = 15.0
_seconds = registry.gauge(
    "monoql_export_seconds",
    "From the request to the file: the newest and the longest export of the last day, those under way included.",
    ("which",),
)
_per_100k = registry.gauge(
    "monoql_export_seconds_per_100k", "The slowest pace of a large export of the last day, for 100,000 rows."
)


def register(jobs: Jobs, service: Service) -> None:
    """Registers the writing of exports, and their expiry, with the worker."""

    async def give_up(export_id: str) -> None:
        await service.export_files.fail(export_id)

    @jobs.task("entries:export", gave_up=give_up)
    async def write(export_id: str) -> None:
        """Deferred by startExport; one file at a time, for interactive queries come first."""
        await service.export_files.write(export_id)

    async def look() -> int:
        times = await service.exports.times()
        for which, seconds in (("newest", times.newest), ("longest", times.longest)):
            _seconds.set((which,), seconds)
        _per_100k.set((), times.per_100k)
        return 0

    jobs.every(_LOOK_SECONDS, "export times", look)
    jobs.every(_EXPIRY_SECONDS, "expire exports", service.export_files.expire)
