"""Background jobs of the Code Service."""

from services.codes.backend import distributions_jobs, imports_jobs, webhooks_jobs
from services.codes.backend.app import Service
from services.codes.backend.duplicates_jobs import DuplicateWatch
from services.kit.jobs import Jobs

_GAVE_UP = "This was tried several times without success."


def register(jobs: Jobs, service: Service) -> None:
    """Registers this service's tasks and periodic actions with the worker."""

    async def deliver() -> int:
        return await service.courier.deliver()

    jobs.every(5.0, "early redemptions", service.redemptions.settle_early)
    jobs.every(10.0, "expired codes", service.voids.expire)
    jobs.every(5.0, "low pools", service.low_pools.tell)
    jobs.every(1.0, "code deliveries", deliver)
    jobs.every(30.0, "unknown deliveries", service.deliveries.give_up_unknown)
    jobs.every(1.0, "webhooks", lambda: webhooks_jobs.send_due(service.webhooks, service.webhook_sender))
    jobs.every(3600.0, "forget webhook deliveries", service.webhooks.forget)
    jobs.every(60.0, "duplicate codes", DuplicateWatch(service.distributions).look)

    async def import_failed(import_id: str) -> None:
        await service.imports.finish(
            import_id, f"{_GAVE_UP} Import the file again: the codes it already added are then duplicates."
        )

    async def distribution_failed(distribution_id: str) -> None:
        await service.distributions.fail(
            distribution_id, f"{_GAVE_UP} Assign the wave again to go on where it stopped."
        )

    @jobs.task("codes:import", gave_up=import_failed)
    async def read_import(import_id: str) -> None:
        await imports_jobs.read(service.imports, service.files, import_id)

    @jobs.task("codes:distribute", gave_up=distribution_failed)
    async def distribute(distribution_id: str) -> None:
        await distributions_jobs.distribute(
            service.distributions, service.deliveries, service.peer("entries"), distribution_id
        )
