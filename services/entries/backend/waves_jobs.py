"""Background work of waves."""

from services.entries.backend.app import Service
from services.kit.jobs import Jobs


def register(jobs: Jobs, service: Service) -> None:
    """Registers the drawing of waves with the worker."""

    async def give_up(wave_id: str) -> None:
        await service.selections.fail(wave_id)

    @jobs.task("entries:select", gave_up=give_up)
    async def select(wave_id: str) -> None:
        """Deferred by runSelection."""
        await service.selections.draw(wave_id)
