"""How many entries could be selected, and what the others lack: counted at once, by a job in large campaigns."""

from collections import Counter
from datetime import timedelta
from typing import Any

from tests.support.service import ServiceUnderTest
from tests.unit.entries.draws import Staff, registered
from tests.unit.entries.registrations import campaign, entries_service, fan, publish, tell

COUNTS = """
... on Campaign { id metrics { eligible eligibilityComputedAt eligibility { code count } } }
"""


def reference(of: dict[str, Any]) -> dict[str, str]:
    return {"__typename": "Campaign", "id": of["id"]}


async def counted(service: ServiceUnderTest, staff: Staff, *of: dict[str, Any]) -> list[dict[str, Any]]:
    found = await service.entities(COUNTS, [reference(each) for each in of], token=staff.token)
    return [one["metrics"] for one in found]


async def crowd(service: ServiceUnderTest) -> dict[str, Any]:
    """A campaign that by now wants a card and a score, with fans of all sorts."""
    tour = campaign()
    await publish(service, tour)
    await registered(service, tour, 60)
    pool = service.resources.database.pool
    await pool.execute("UPDATE entry SET state = 'WITHDRAWN' WHERE right(user_id, 1) < '8'")
    await pool.execute("UPDATE entry SET score = ascii(right(user_id, 1)) WHERE right(user_id, 1) > 'h'")
    await tell(service, *(fan(f"fan-{n}", cards=["AMEX"] if n % 3 else ["VISA"]) for n in range(0, 60, 2)))
    gate = {"card": {"brands": ["AMEX"]}}
    stricter = {
        **tour,
        "version": 2,
        "gate": gate,
        "score_min": float(ord("p")),
        "score_max": float(ord("t")),
    }
    await publish(service, stricter)
    return stricter


async def expected(service: ServiceUnderTest, of: dict[str, Any]) -> tuple[int, dict[str, int]]:
    """The same, entry by entry."""
    rows = await service.resources.database.pool.fetch(
        "SELECT id FROM entry WHERE campaign_id = $1", of["id"]
    )
    reasons = await service.resources.store.eligibility_of_entries([row["id"] for row in rows])
    each = [{reason.code for reason in one} for one in reasons.values()]
    return sum(not codes for codes in each), Counter(code for codes in each for code in codes)


async def test_counting_together_is_counting_one_by_one(database: Any) -> None:
    async with entries_service(database) as service:
        tour = await crowd(service)
        eligible, reasons = await expected(service, tour)
        [metrics] = await counted(service, Staff(service), tour)
        assert metrics["eligibilityComputedAt"]
        assert metrics["eligible"] == eligible > 0
        assert {one["code"]: one["count"] for one in metrics["eligibility"]} == reasons
        assert reasons.keys() >= {"CARD_REQUIRED", "WITHDRAWN", "SCORE_BELOW_MIN", "SCORE_ABOVE_MAX"}


async def test_fifty_campaigns_are_two_statements_and_the_moment(database: Any) -> None:
    async with entries_service(database) as service:
        tours = [campaign() for _ in range(50)]
        await publish(service, *tours)
        await registered(service, tours[7], 3)
        staff = Staff(service)
        before = service.resources.database.statements
        found = await counted(service, staff, *tours)
        assert [one["eligible"] for one in found] == [3 if n == 7 else 0 for n in range(50)]
        scopes, metrics = 1, 1
        assert service.resources.database.statements - before == scopes + metrics + 3


async def test_a_large_campaign_is_counted_by_the_worker_and_asked_for_once(database: Any) -> None:
    async with entries_service(database, live_roster=10) as service:
        tour = await crowd(service)
        staff = Staff(service)
        for _ in range(3):
            [metrics] = await counted(service, staff, tour)
            assert metrics == {"eligible": None, "eligibilityComputedAt": None, "eligibility": None}
        assert await jobs_waiting(service) == 1
        await service.resources.eligibility.recount(tour["id"])
        eligible, reasons = await expected(service, tour)
        [metrics] = await counted(service, staff, tour)
        assert metrics["eligible"] == eligible
        assert {one["code"]: one["count"] for one in metrics["eligibility"]} == reasons
        assert await jobs_waiting(service) == 1


async def test_old_numbers_are_shown_while_newer_ones_are_asked_for(database: Any) -> None:
    async with entries_service(database, live_roster=10) as service:
        tour = await crowd(service)
        staff = Staff(service)
        await service.resources.eligibility.recount(tour["id"])
        [before] = await counted(service, staff, tour)
        assert await jobs_waiting(service) == 0
        await service.resources.database.pool.execute(
            "UPDATE eligibility_tally SET asked_at = asked_at - $1::interval, computed_at = computed_at - $1::interval",
            timedelta(minutes=2),
        )
        [after] = await counted(service, staff, tour)
        assert after["eligible"] == before["eligible"]
        assert await jobs_waiting(service) == 1


async def test_a_late_recount_does_not_replace_a_newer_one(database: Any) -> None:
    async with entries_service(database, live_roster=10) as service:
        tour = await crowd(service)
        await service.resources.eligibility.recount(tour["id"])
        pool = service.resources.database.pool
        await pool.execute(
            "UPDATE eligibility_tally SET computed_at = now() + interval '1 hour', result = '{}'"
        )
        await service.resources.eligibility.recount(tour["id"])
        assert await pool.fetchval("SELECT result = '{}' FROM eligibility_tally")


async def jobs_waiting(service: ServiceUnderTest) -> int:
    return await service.resources.database.pool.fetchval(
        "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'entries:recount' AND status = 'todo'"
    )
