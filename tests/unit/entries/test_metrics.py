"""A campaign in numbers: every part adds up to the rows it counts."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from tests.support import issuer
from tests.unit.entries.draws import Staff, closed_campaign, registered
from tests.unit.entries.registrations import campaign, entries_service, publish

METRICS = """
... on Campaign {
  metrics {
    registrations selected redeemed
    byState { state count }
    byCountry { country count }
    byMarket { market { id } total byRank { rank count } }
    timeline(interval: HOUR) { at count }
  }
}
"""


def reference(of: dict[str, Any]) -> dict[str, str]:
    return {"__typename": "Campaign", "id": of["id"]}


async def test_every_part_reconciles_with_the_rows(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=90)
        pool = service.resources.database.pool
        await pool.execute("UPDATE entry SET state = 'WITHDRAWN' WHERE right(user_id, 1) < '8'")
        await pool.execute(
            "UPDATE entry SET submitted_at = submitted_at - interval '3 hours' WHERE right(user_id, 1) > 'p'"
        )
        await staff.final(tour)
        rows = await pool.fetch("SELECT * FROM entry")
        [answer] = await service.entities(METRICS, [reference(tour)], token=staff.token)
        metrics = answer["metrics"]
        assert metrics["registrations"] == len(rows) == 90
        assert {one["state"]: one["count"] for one in metrics["byState"]} == Counter(
            row["state"] for row in rows
        )
        assert {one["country"]: one["count"] for one in metrics["byCountry"]} == Counter(
            row["country"] for row in rows
        )
        ranked = Counter((market, rank) for row in rows for rank, market in enumerate(row["preferences"], 1))
        assert ranked == {
            (one["market"]["id"], place["rank"]): place["count"]
            for one in metrics["byMarket"]
            for place in one["byRank"]
        }
        assert all(
            one["total"] == sum(place["count"] for place in one["byRank"]) for one in metrics["byMarket"]
        )
        hours = Counter(row["submitted_at"].replace(minute=0, second=0, microsecond=0) for row in rows)
        assert {datetime.fromisoformat(one["at"]): one["count"] for one in metrics["timeline"]} == hours
        assert metrics["selected"] == await pool.fetchval("SELECT count(*) FROM selection")


async def test_a_pending_entry_past_its_deadline_counts_as_invalidated(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = campaign(phone_required=True)
        await publish(service, tour)
        await registered(service, tour, 4)
        [answer] = await service.entities(METRICS, [reference(tour)], token=staff.token)
        assert answer["metrics"]["byState"] == [{"state": "PENDING_PHONE", "count": 4}]
        await publish(service, {**tour, "version": 2, "closes_at": datetime.now(UTC)})
        [answer] = await service.entities(METRICS, [reference(tour)], token=staff.token)
        assert answer["metrics"]["byState"] == [{"state": "INVALIDATED", "count": 4}]


async def test_a_draw_that_is_not_final_counts_nobody(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=20)
        wave_id = await staff.drawn(tour)
        [answer] = await service.entities(METRICS, [reference(tour)], token=staff.token)
        assert answer["metrics"]["selected"] == 0
        await staff.finalize(wave_id)
        [answer] = await service.entities(METRICS, [reference(tour)], token=staff.token)
        assert answer["metrics"]["selected"] > 0


async def test_fifty_campaigns_are_one_statement(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tours = [campaign() for _ in range(50)]
        await publish(service, *tours)
        await registered(service, tours[7], 3)
        before = service.resources.database.statements
        fragment = "... on Campaign { metrics { registrations byState { count } } }"
        found = await service.entities(fragment, [reference(tour) for tour in tours], token=staff.token)
        assert [one["metrics"]["registrations"] for one in found] == [3 if n == 7 else 0 for n in range(50)]
        scopes = 1
        assert service.resources.database.statements - before == scopes + 1


async def test_metrics_are_for_who_may_read_them(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign()
        await publish(service, tour)
        fields = "... on Campaign { id metrics { registrations } }"
        query = f"query ($r: [_Any!]!) {{ _entities(representations: $r) {{ {fields} }} }}"
        for token in (None, issuer.token("fan"), service.grant("reader", "ENTRY_READ")):
            answer = await service.graphql(query, {"r": [reference(tour)]}, token=token)
            assert answer["data"]["_entities"] == [{"id": tour["id"], "metrics": None}]
            assert answer["errors"][0]["extensions"]["code"] == ("FORBIDDEN" if token else "UNAUTHENTICATED")


async def test_wins_whose_code_was_used_are_counted_once_each(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=30)
        await staff.final(tour)
        rows = await service.resources.database.pool.fetch("SELECT id FROM selection ORDER BY id")
        first, second, third = (row["id"] for row in rows[:3])

        async def told(*redemptions: tuple[str, int, int]) -> None:
            members = ("selection_id", "quantity", "version")
            body = {"redemptions": [dict(zip(members, each, strict=True)) for each in redemptions]}
            assert (await service.rest("PUT", "/snapshots/redemptions", body)).status_code == 200

        async def counted() -> int:
            [answer] = await service.entities(METRICS, [reference(tour)], token=staff.token)
            assert answer["metrics"]["selected"] == len(rows)
            return answer["metrics"]["redeemed"]

        assert await counted() == 0
        await told((first, 2, 1), (second, 1, 1), (first, 3, 2), ("sel_of_nobody", 1, 1))
        assert await counted() == 2
        await told((first, 0, 1), (second, 0, 2), (third, 1, 1))
        assert await counted() == 2
        quantities = await service.resources.database.pool.fetch(
            "SELECT quantity FROM redemption ORDER BY selection_id"
        )
        assert [row["quantity"] for row in quantities][:3] == [3, 0, 1]


async def test_a_timeline_has_the_hours_or_days_that_begin_in_its_span(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = campaign()
        await publish(service, tour)
        await registered(service, tour, 6)
        pool = service.resources.database.pool
        for number, at in enumerate(
            [
                "05-01T23:59:59",
                "05-02T00:00:00",
                "05-02T10:30:00",
                "05-02T10:59:00",
                "05-03T00:00:00",
                "05-04T07:00:00",
            ]
        ):
            await pool.execute(
                "UPDATE entry SET submitted_at = $1 WHERE id = (SELECT id FROM entry ORDER BY id OFFSET $2 LIMIT 1)",
                datetime.fromisoformat(f"2026-{at}+00:00"),
                number,
            )

        async def points(arguments: str) -> list[tuple[str, int]]:
            fragment = f"... on Campaign {{ metrics {{ timeline({arguments}) {{ at count }} }} }}"
            [found] = await service.entities(fragment, [reference(tour)], token=staff.token)
            return [(point["at"][5:13], point["count"]) for point in found["metrics"]["timeline"]]

        assert await points("interval: DAY") == [
            ("05-01T00", 1),
            ("05-02T00", 3),
            ("05-03T00", 1),
            ("05-04T00", 1),
        ]
        span = 'from: "2026-05-02T00:00:00Z", to: "2026-05-03T00:00:00Z"'
        assert await points(f"interval: HOUR, {span}") == [("05-02T00", 1), ("05-02T10", 2)]
        assert await points(f"interval: DAY, {span}") == [("05-02T00", 3)]
        assert await points('interval: DAY, from: "2026-05-02T00:00:01Z"') == [
            ("05-03T00", 1),
            ("05-04T00", 1),
        ]
