"""Background work of waves."""

from services.entries.backend.app import Service
from services.kit.jobs import Jobs
from services.kit.memory import collector_paused


def register(jobs: Jobs, service: Service) -> None:
    """Registers the work on waves with the worker; jobs of one wave run one at a time."""

    @jobs.task("entries:freeze", gave_up=service.rosters.give_up)
    async def freeze(wave_id: str) -> None:
        """Deferred by commitWave when the roster is large."""
        await service.rosters.freeze(wave_id)

    @jobs.task("entries:preview", gave_up=service.previews.give_up)
    async def preview(wave_id: str) -> None:
        """Deferred by previewSelection when the roster would be large."""
        await service.previews.run(wave_id)

    @jobs.task("entries:select", gave_up=service.selections.fail)
    async def select(wave_id: str) -> None:
        """Deferred by runSelection."""
        with collector_paused():
            await service.selections.draw(wave_id)

    @jobs.task("entries:publish")
    async def publish(wave_id: str) -> None:
        """Deferred when a draw is done, and when a verification of a large one is asked for anew."""
        with collector_paused():
            await service.proofs.publish(wave_id)
