"""Background jobs of the User Service."""

from services.kit.jobs import Jobs
from services.users.backend.app import Service


def register(jobs: Jobs, service: Service) -> None:
    """Registers this service's tasks and periodic actions with the worker."""
    jobs.every(1.0, "text messages", service.phone_messages.send_due)
    jobs.every(3600.0, "forget", service.phone.forget)
    jobs.every(60.0, "linked accounts", service.accounts.recheck)
    jobs.every(3600.0, "forget proofs", service.proofs.forget)
    jobs.every(3600.0, "audit heads", service.audit.note_heads)
    service.privacy_jobs.register(jobs)
