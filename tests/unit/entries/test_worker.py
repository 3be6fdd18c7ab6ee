"""What a request hands over, the worker does: waves are drawn, exports written, by the jobs as they are registered."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from services.entries.backend.jobs import register
from services.kit.jobs import Jobs
from tests.support.service import open_service
from tests.unit.entries.draws import Staff, closed_campaign, outcome
from tests.unit.entries.exporting import job, start


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():
            await asyncio.sleep(0.05)


async def test_the_worker_draws_and_exports(database: Any) -> None:
    made = database("entries")
    async with open_service("entries", made.service_dsn) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=30)
        wave_id = await staff.draft(tour)
        await staff.commit(wave_id)
        await staff.run(wave_id)
        export_id = await start(staff, tour)
        jobs = Jobs(made.service_dsn, "entries")
        register(jobs, service.resources)
        worker = asyncio.create_task(jobs.run())
        try:
            await until(lambda: _is_drawn(service, wave_id))
            await until(lambda: _is_written(service, staff, export_id))
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
        assert len(await outcome(service, wave_id)) > 0
        assert (await staff.finalize(wave_id))["__typename"] == "WaveFinalized"


async def _is_drawn(service: Any, wave_id: str) -> bool:
    wave = await service.resources.waves.wave(wave_id)
    return wave.job.state == "SUCCEEDED"


async def _is_written(service: Any, staff: Staff, export_id: str) -> bool:
    return (await job(service, staff, export_id))["state"] == "SUCCEEDED"
