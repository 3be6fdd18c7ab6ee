"""upsertMarket, removeMarket, upsertEvent, removeEvent."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from tests.unit.campaigns.campaigns import Campaigns, moment, window


async def venue(campaigns: Campaigns, name: str) -> str:
    """The id of a venue of the catalogue."""
    query = "query ($name: String!) { venues(search: $name, first: 1) { nodes { id } } }"
    await campaigns.resources.seeds.load()
    return (await campaigns.service.graphql(query, {"name": name}))["data"]["venues"]["nodes"][0]["id"]


async def test_a_market_at_a_venue_has_its_place_and_its_people(campaigns: Campaigns) -> None:
    garden = await venue(campaigns, "Madison Square Garden")
    id_ = (await campaigns.create())["campaign"]["id"]
    market = (await campaigns.market(id_, venueId=garden, radiusKm=50))["market"]
    assert market["venue"] == {"name": "Madison Square Garden"}
    assert 12_000_000 < market["population"] < 20_000_000
    page = await campaigns.campaign(id_, "markets { location { latitude longitude } radiusKm }")
    assert page["markets"] == [{"location": {"latitude": 40.7505, "longitude": -73.9934}, "radiusKm": 50}]


async def test_a_place_of_its_own_counts_before_the_venue_s(campaigns: Campaigns) -> None:
    garden = await venue(campaigns, "Madison Square Garden")
    id_ = (await campaigns.create())["campaign"]["id"]
    dublin = {"latitude": 53.35, "longitude": -6.26}
    market = (await campaigns.market(id_, venueId=garden, location=dublin, radiusKm=30))["market"]
    assert 1_000_000 < market["population"] < 2_000_000
    assert (await campaigns.market(id_, name="Nowhere", radiusKm=30))["market"]["population"] is None
    assert (await campaigns.market(id_, name="No radius", location=dublin))["market"]["population"] is None


async def test_a_market_is_replaced_whole_and_keeps_its_id_and_events(campaigns: Campaigns) -> None:
    id_ = await campaigns.draft()
    market = (await campaigns.campaign(id_, "markets { id }"))["markets"][0]["id"]
    changed = (await campaigns.market(id_, id=market, name="Boston", country="CA"))["market"]
    assert (changed["id"], changed["name"], changed["capacity"]) == (market, "Boston", 100)
    assert len((await campaigns.campaign(id_, "markets { id }"))["markets"]) == 1


async def test_capacity_is_the_sum_of_allocations(campaigns: Campaigns) -> None:
    id_ = (await campaigns.create())["campaign"]["id"]
    market = (await campaigns.market(id_))["market"]["id"]
    for allocation in (100, 250, 0):
        await campaigns.event(id_, market, allocation=allocation)
    assert (await campaigns.campaign(id_, "markets { capacity }"))["markets"] == [{"capacity": 350}]


async def test_an_event_is_replaced_whole_and_may_move(campaigns: Campaigns) -> None:
    id_ = await campaigns.draft(markets=2)
    page = await campaigns.campaign(id_, "markets { id } events { id }")
    event, other = page["events"][0]["id"], page["markets"][1]["id"]
    moved = (await campaigns.event(id_, other, id=event, name="Late", allocation=7))["event"]
    assert moved == {"id": event, "name": "Late", "allocation": 7, "market": {"id": other}}
    assert len((await campaigns.campaign(id_, "events { id }"))["events"]) == 2


async def test_parts_of_another_campaign_are_out_of_reach(campaigns: Campaigns) -> None:
    """Also where the editor may write both."""
    mine, other = await campaigns.draft(), await campaigns.draft()
    there = await campaigns.campaign(other, "version markets { id } events { id }")
    market, event = there["markets"][0]["id"], there["events"][0]["id"]
    assert (await campaigns.market(mine, id=market))["__typename"] == "NotFound"
    own = (await campaigns.campaign(mine, "markets { id }"))["markets"][0]["id"]
    assert (await campaigns.event(mine, own, id=event))["__typename"] == "NotFound"
    refused = await campaigns.event(mine, market)
    assert [(issue["code"], issue["path"]) for issue in refused["issues"]] == [("UNKNOWN", ["marketId"])]
    assert await campaigns.campaign(other, "version markets { id } events { id }") == there
    assert await campaigns.version(mine) == 3


async def test_the_same_key_adds_once(campaigns: Campaigns) -> None:
    id_ = (await campaigns.create())["campaign"]["id"]
    first = await campaigns.market(id_, idempotencyKey="m")
    assert await campaigns.market(id_, idempotencyKey="m") == first
    assert (await campaigns.market(id_, idempotencyKey="m", name="Other"))[
        "__typename"
    ] == "IdempotencyMismatch"
    market = first["market"]["id"]
    show: dict[str, Any] = {
        "startsAt": "2030-01-03T00:00:00Z",
        "presale": {"opensAt": "2030-01-01T00:00:00Z", "closesAt": "2030-01-02T00:00:00Z"},
        "idempotencyKey": "e",
    }
    assert await campaigns.event(id_, market, **show) == await campaigns.event(id_, market, **show)
    assert (await campaigns.count("market"), await campaigns.count("event")) == (1, 1)


async def test_a_change_from_an_old_version_is_a_conflict(campaigns: Campaigns) -> None:
    id_ = await campaigns.draft()
    page = await campaigns.campaign(id_, "version markets { id } events { id }")
    market, event, version = page["markets"][0]["id"], page["events"][0]["id"], page["version"]
    late = {"expectedVersion": version - 1}
    results = [
        await campaigns.market(id_, **late),
        await campaigns.event(id_, market, **late),
        await campaigns.mutate("removeEvent", "", {"id": event, **late}),
        await campaigns.mutate("removeMarket", "", {"id": market, **late}),
    ]
    assert [(r["__typename"], r["currentVersion"]) for r in results] == [("Conflict", version)] * 4


async def test_removal_ends_when_fans_may_have_chosen(campaigns: Campaigns) -> None:
    id_ = await campaigns.opened(markets=2)
    page = await campaigns.campaign(id_, "markets { id } events { id }")
    market, event = page["markets"][0]["id"], page["events"][1]["id"]
    for name, target in (("removeMarket", market), ("removeEvent", event)):
        refused = await campaigns.mutate(name, "", {"id": target})
        assert [issue["code"] for issue in refused["issues"]] == ["LOCKED"]
    await campaigns.put(id_, state="DRAFT")
    assert (await campaigns.mutate("removeMarket", "", {"id": market}))["__typename"] == "MarketRemoved"
    assert (await campaigns.mutate("removeEvent", "", {"id": event}))["__typename"] == "EventRemoved"
    page = await campaigns.campaign(id_, "markets { events { id } } events { id }")
    assert page == {"markets": [{"events": []}], "events": []}


async def test_a_scheduled_campaign_keeps_an_event_in_each_market_it_has_announced(
    campaigns: Campaigns,
) -> None:
    id_ = await campaigns.draft(registration=window(timedelta(hours=1), timedelta(hours=2)))
    await campaigns.transition(id_, "SCHEDULED")
    event = (await campaigns.campaign(id_, "events { id }"))["events"][0]["id"]
    refused = await campaigns.mutate("removeEvent", "", {"id": event})
    assert "EVENT_MISSING" in [issue["code"] for issue in refused["issues"]]
    assert len((await campaigns.campaign(id_, "events { id }"))["events"]) == 1


MARKETS: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"name": ""}, ("REQUIRED", "name")),
    ({"name": "x" * 121}, ("TOO_LONG", "name")),
    ({"location": {"latitude": 91, "longitude": 0}}, ("OUT_OF_RANGE", "location.latitude")),
    ({"location": {"latitude": -90.001, "longitude": 0}}, ("OUT_OF_RANGE", "location.latitude")),
    ({"location": {"latitude": 0, "longitude": -181}}, ("OUT_OF_RANGE", "location.longitude")),
    ({"radiusKm": 0}, ("OUT_OF_RANGE", "radiusKm")),
    ({"radiusKm": -1}, ("OUT_OF_RANGE", "radiusKm")),
    ({"radiusKm": 1e300}, ("OUT_OF_RANGE", "radiusKm")),
    ({"radiusKm": 1001}, ("OUT_OF_RANGE", "radiusKm")),
    ({"venueId": "ven_nowhere"}, ("UNKNOWN", "venueId")),
]
YEAR_1 = "0001-01-01T00:00:00Z"
EVENTS: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"name": " "}, ("REQUIRED", "name")),
    ({"allocation": -1}, ("OUT_OF_RANGE", "allocation")),
    ({"allocation": 10_000_001}, ("OUT_OF_RANGE", "allocation")),
    ({"allocation": 2**31 - 1}, ("OUT_OF_RANGE", "allocation")),
    ({"startsAt": moment(timedelta(days=12) - timedelta(seconds=1))}, ("AFTER_START", "presale.closesAt")),
    ({"allocation": 2_000_000_000}, ("OUT_OF_RANGE", "allocation")),
    ({"ticketLimit": 0}, ("OUT_OF_RANGE", "ticketLimit")),
    ({"ticketLimit": 21}, ("OUT_OF_RANGE", "ticketLimit")),
    ({"startsAt": YEAR_1}, ("OUT_OF_RANGE", "startsAt")),
    ({"presale": window(timedelta(days=2), timedelta(days=1))}, ("EMPTY", "presale.closesAt")),
]


async def test_what_breaks_a_rule_is_refused_by_path(campaigns: Campaigns, subtests: pytest.Subtests) -> None:
    id_ = await campaigns.draft()
    before = await campaigns.campaign(id_, "version markets { id name } events { id name }")
    market = before["markets"][0]["id"]
    for given, issue in MARKETS:
        with subtests.test(market=given):
            refused = await campaigns.market(id_, **given)
            assert [(i["code"], ".".join(i["path"])) for i in refused["issues"]] == [issue]
    for given, issue in EVENTS:
        with subtests.test(event=given):
            refused = await campaigns.event(id_, market, **given)
            assert [(i["code"], ".".join(i["path"])) for i in refused["issues"]] == [issue]
    assert await campaigns.campaign(id_, "version markets { id name } events { id name }") == before


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("market", {"radiusKm": "NaN"}),
        ("market", {"location": {"latitude": "NaN", "longitude": 0}}),
        ("market", {"radiusKm": float("inf")}),
        ("event", {"allocation": 2**31}),
        ("event", {"allocation": 1.5}),
        ("event", {"ticketLimit": -(2**31) - 1}),
        ("event", {"startsAt": "2027-06-12T19:30"}),
    ],
)
async def test_what_is_no_number_or_moment_is_a_bad_request(
    campaigns: Campaigns, kind: str, given: dict[str, Any]
) -> None:
    """NaN and infinity, which JSON cannot say and Python's reader takes all the same, included."""
    id_ = await campaigns.draft()
    market = (await campaigns.campaign(id_, "markets { id }"))["markets"][0]["id"]
    name = "upsertMarket" if kind == "market" else "upsertEvent"
    common = {"campaignId": id_, "name": "x"}
    event = {"marketId": market, "startsAt": moment(timedelta(days=9)), "allocation": 1}
    presale = {"presale": window(timedelta(1), timedelta(2))}
    body = common | ({"country": "US"} if kind == "market" else event | presale) | given
    query = f"mutation ($input: U{name[1:]}Input!) {{ {name}(input: $input) {{ __typename }} }}"
    answer = await campaigns.service.post(
        {"query": query, "variables": {"input": body}}, token=campaigns.editor
    )
    assert answer.status_code < 500
    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["BAD_REQUEST"]


async def test_a_market_s_capacity_stays_a_number_that_the_graph_can_say(campaigns: Campaigns) -> None:
    """The database adds up, so that racing events cannot pass it together."""
    id_ = (await campaigns.create())["campaign"]["id"]
    market = (await campaigns.market(id_))["market"]["id"]
    await campaigns.fill(id_, market, events=214, allocation=10_000_000)
    racing = [campaigns.event(id_, market, name=f"Night {n}", allocation=7_000_000) for n in range(3)]
    outcomes = sorted(result["__typename"] for result in await asyncio.gather(*racing))
    assert outcomes == ["EventUpserted", "ValidationFailed", "ValidationFailed"]
    page = await campaigns.campaign(id_, "markets { capacity }")
    assert page["markets"] == [{"capacity": 2_147_000_000}]
    await campaigns.fill(id_, market, events=1, allocation=400_000)
    refused = await campaigns.event(id_, market, allocation=100_000)
    assert [(i["code"], i["path"]) for i in refused["issues"]] == [("OUT_OF_RANGE", ["allocation"])]


BORDERS: list[tuple[str, tuple[float, float], float, tuple[int, int]]] = [
    ("Detroit, with Windsor across the river", (42.33, -83.05), 40, (2_000_000, 5_000_000)),
    ("El Paso, with Juárez", (31.76, -106.48), 30, (1_500_000, 3_500_000)),
    ("Adak, where nobody lives", (51.88, -176.65), 50, (0, 0)),
    ("Dublin alone", (53.35, -6.26), 3, (1_000_000, 1_500_000)),
]


@pytest.mark.parametrize(("name", "point", "radius", "expected"), BORDERS)
async def test_people_are_counted_within_the_circle_whatever_the_border(
    campaigns: Campaigns, name: str, point: tuple[float, float], radius: float, expected: tuple[int, int]
) -> None:
    await campaigns.resources.seeds.load()
    id_ = (await campaigns.create())["campaign"]["id"]
    location = {"latitude": point[0], "longitude": point[1]}
    market = (await campaigns.market(id_, name=name, location=location, radiusKm=radius))["market"]
    assert expected[0] <= (market["population"] or 0) <= expected[1]


async def test_the_square_that_an_index_finds_holds_the_whole_circle(campaigns: Campaigns) -> None:
    """Against every city's distance: near a border of the world, near the pole, large and small."""
    await campaigns.resources.seeds.load()
    connection = await asyncpg.connect(campaigns.dsn)
    for latitude, longitude, km in (
        (-16.0, 179.9, 1000.0), (-14.0, -179.5, 1000.0), (85.0, 0.0, 1000.0), (89.9, 120.0, 900.0),
        (40.75, -73.99, 0.1), (40.75, -73.99, 1000.0), (-90.0, 0.0, 1000.0),
    ):  # fmt: skip
        by_square, by_distance = await connection.fetchrow(
            """
            SELECT count(*) FILTER (WHERE s AND d <= $3), count(*) FILTER (WHERE d <= $3)
            FROM (SELECT distance_km($1, $2, latitude, longitude) AS d,
                         point(longitude, latitude) <@ square_km($1, $2, $3, 0)
                         OR point(longitude, latitude) <@ square_km($1, $2, $3, 360)
                         OR point(longitude, latitude) <@ square_km($1, $2, $3, -360) AS s
                  FROM (SELECT latitude, longitude FROM city
                        UNION ALL VALUES (-17.68, 178.84), (-13.83, -171.77), (78.22, 15.65)) AS place) AS found
            """,
            latitude, longitude, km,
        )  # fmt: skip
        assert by_square == by_distance, (latitude, longitude, km)
    await connection.close()
