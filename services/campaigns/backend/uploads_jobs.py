"""Background work of uploads."""

from services.campaigns.backend.app import Service
from services.kit.jobs import Jobs

_ARRIVAL_SECONDS = 2.0
_EXPIRY_SECONDS = 30.0


def register(jobs: Jobs, service: Service) -> None:
    """Registers the checking of uploads, and their expiry, with the worker."""

    async def give_up(upload_id: str) -> None:
        message = (
            "The file could not be checked. Create a new upload; if that fails too, tell support this id."
        )
        await service.uploads.reject(upload_id, "NOT_CHECKED", message)

    @jobs.task("campaigns:upload", gave_up=give_up)
    async def check(upload_id: str) -> None:
        """Deferred once a file has arrived; one at a time, for a picture unfolds to a hundred megabytes."""
        await service.uploads.check(upload_id)

    jobs.every(_ARRIVAL_SECONDS, "upload arrivals", service.uploads.look_for_arrivals)
    jobs.every(_EXPIRY_SECONDS, "expire uploads", service.uploads.expire)
