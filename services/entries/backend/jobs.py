"""Background jobs of the Entry Service."""

from services.entries.backend import exports_jobs, metrics_jobs, scores_jobs, waves_jobs
from services.entries.backend.app import Service
from services.kit.jobs import Jobs


def register(jobs: Jobs, service: Service) -> None:
    """Registers this service's tasks and periodic actions with the worker."""

    @jobs.task("entries:invalidate")
    async def invalidate() -> None:
        """Deferred when a campaign's registration ends; goes on until no unconfirmed entry is left."""
        while await service.snapshots.invalidate_unconfirmed():
            pass

    # Deadlines also pass without anybody saying so.
    jobs.every(1.0, "invalidate", service.snapshots.invalidate_unconfirmed)
    waves_jobs.register(jobs, service)
    exports_jobs.register(jobs, service)
    scores_jobs.register(jobs, service)
    metrics_jobs.register(jobs, service)
