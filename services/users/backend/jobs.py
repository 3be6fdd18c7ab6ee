"""Background jobs of the User Service."""

from services.kit.jobs import Jobs
from services.users.backend.app import Service


def register(jobs: Jobs, service: Service) -> None:
    """Registers this service's tasks and periodic actions with the worker."""
