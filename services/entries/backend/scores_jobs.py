"""Background work of scores."""

from services.entries.backend.app import Service
from services.kit.jobs import Jobs

_SCORE_SECONDS = 2.0
_FORGET_SECONDS = 600.0


def register(jobs: Jobs, service: Service) -> None:
    """Registers the computing of scores, and the forgetting of what they were computed from, with the worker."""
    jobs.every(_SCORE_SECONDS, "score entries", service.scores.compute)
    jobs.every(_FORGET_SECONDS, "forget signals", service.scores.forget_signals)
