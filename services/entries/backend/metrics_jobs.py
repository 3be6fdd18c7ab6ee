"""Background work of metrics."""

from services.entries.backend.app import Service
from services.kit.jobs import Jobs


def register(jobs: Jobs, service: Service) -> None:
    """Registers the adding up of tallies, and the counting of eligibility in large campaigns, with the worker."""

    @jobs.task("entries:recount")
    async def recount(campaign_id: str) -> None:
        """Deferred when somebody looks at a large campaign whose numbers are old."""
        await service.eligibility.recount(campaign_id)

    jobs.every(1.0, "add up", service.metrics.add_up)
