"""upsertMarket, removeMarket, upsertEvent, removeEvent."""

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.campaigns.campaigns import Campaigns, window


async def venue(campaigns: Campaigns, name: str) -> str:
    """The id of a venue of the catalogue."""
    query = "query ($name: String!) { venues(search: $name, first: 1) { nodes { id } } }"
    await campaigns.resources.catalogue.load()
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
    ({"location": {"latitude": 90.5, "longitude": 0}}, ("OUT_OF_RANGE", "location.latitude")),
    ({"location": {"latitude": 0, "longitude": -181}}, ("OUT_OF_RANGE", "location.longitude")),
    ({"radiusKm": 0}, ("OUT_OF_RANGE", "radiusKm")),
    ({"radiusKm": 1001}, ("OUT_OF_RANGE", "radiusKm")),
    ({"venueId": "ven_nowhere"}, ("UNKNOWN", "venueId")),
]
YEAR_1 = "0001-01-01T00:00:00Z"
EVENTS: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"name": " "}, ("REQUIRED", "name")),
    ({"allocation": -1}, ("OUT_OF_RANGE", "allocation")),
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
