"""Background jobs of the Campaign Service."""

from services.campaigns.backend import uploads_jobs
from services.campaigns.backend.app import Service
from services.kit.jobs import Jobs


def register(jobs: Jobs, service: Service) -> None:
    """Registers this service's periodic actions with the worker: windows open and close campaigns, to the second."""
    jobs.every(1.0, "windows", service.changes.apply_windows)
    uploads_jobs.register(jobs, service)
