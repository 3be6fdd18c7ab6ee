"""How many fans want a market: counted from entries that count, many markets at once, for those who may know."""

from typing import Any

from tests.unit.entries.draws import Staff, closed_campaign
from tests.unit.entries.registrations import entries_service

WANTED = "... on Market { id registeredFans }"


async def test_fans_are_counted_by_the_markets_that_they_rank(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour, other = [await closed_campaign(service, fans=fans) for fans in (60, 20)]
        pool = service.resources.database.pool
        await pool.execute("UPDATE entry SET state = 'WITHDRAWN' WHERE right(user_id, 1) < '8'")
        rows = await pool.fetch("SELECT preferences FROM entry_now WHERE state = 'ACCEPTED'")
        ids = [market["id"] for of in (tour, other) for market in of["markets"]]
        answers = await service.entities(WANTED, [_market(id_) for id_ in ids], token=staff.token)
        assert [one["registeredFans"] for one in answers] == [
            sum(id_ in row["preferences"] for row in rows) for id_ in ids
        ]
        assert sum(one["registeredFans"] for one in answers) > 0


async def test_fifty_markets_are_asked_about_together(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tours = [await closed_campaign(service, fans=2) for _ in range(3)]
        ids = [market["id"] for tour in tours for market in tour["markets"]]
        asked = (ids * 50)[:49] + ["mkt_nothing"]
        requests, statements = len(service.requests), service.resources.database.statements
        answers = await service.graphql(
            f"query ($r: [_Any!]!) {{ _entities(representations: $r) {{ {WANTED} }} }}",
            {"r": [_market(id_) for id_ in asked]},
            token=staff.token,
        )
        assert service.requests[requests:] == ["POST /metrics/markets", "POST /metrics/demand"]
        assert service.resources.database.statements - statements == 2
        assert len(answers["data"]["_entities"]) == 50


async def test_nothing_is_counted_for_who_may_not_know(database: Any) -> None:
    async with entries_service(database) as service:
        tour = await closed_campaign(service, fans=2)
        requests = len(service.requests)
        query = f"query ($r: [_Any!]!) {{ _entities(representations: $r) {{ {WANTED} }} }}"
        answer = await service.graphql(query, {"r": [_market(tour["markets"][0]["id"])]})
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
        assert answer["data"]["_entities"][0]["registeredFans"] is None
        assert "POST /metrics/demand" not in service.requests[requests:]


def _market(id_: str) -> dict[str, str]:
    return {"__typename": "Market", "id": id_}
