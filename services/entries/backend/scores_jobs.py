"""Background work of scores."""

from services.entries.backend.app import Service
from services.kit.jobs import Jobs

_SCORE_SECONDS = 2.0
_FORGET_SECONDS = 600.0


def register(jobs: Jobs, service: Service) -> None:
    """Registers the computing, importing and forgetting of scores and what they were made of with the worker."""

    async def give_up(import_id: str) -> None:
        failure = (
            "The file could not be read to its end. Import it again: lines that were taken change nothing."
        )
        await service.score_imports.finish(import_id, failure)

    @jobs.task("entries:import_scores", gave_up=give_up)
    async def read(import_id: str) -> None:
        """Deferred by importScores; goes on where a killed worker was."""
        await service.score_imports.read(import_id)

    @jobs.task("entries:hold_low")
    async def hold(campaign_id: str) -> None:
        """Deferred by setReviewThreshold, for the entries that are there already."""
        await service.reviews.hold_all_low(campaign_id)

    jobs.every(_SCORE_SECONDS, "score entries", service.scores.compute)
    jobs.every(_FORGET_SECONDS, "forget signals", service.scores.forget_signals)
