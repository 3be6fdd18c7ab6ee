"""Background work of exports."""

from services.entries.backend.app import Service
from services.kit.jobs import Jobs

_EXPIRY_SECONDS = 60.0


def register(jobs: Jobs, service: Service) -> None:
    """Registers the writing of exports, and their expiry, with the worker."""

    async def give_up(export_id: str) -> None:
        await service.export_files.fail(export_id)

    @jobs.task("entries:export", gave_up=give_up)
    async def write(export_id: str) -> None:
        """Deferred by startExport; one file at a time, for interactive queries come first."""
        await service.export_files.write(export_id)

    jobs.every(_EXPIRY_SECONDS, "expire exports", service.export_files.expire)
