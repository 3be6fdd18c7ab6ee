"""Discovery by a provider: its pages, its failures and what they cost, and how what is picked becomes ours."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import msgspec
import pytest

from scripts.devtools.databases import ServiceDatabase
from services.campaigns.backend.discovery_rules import Breaker, RemotePlace, external_id, parse_place
from services.campaigns.backend.found_rules import artist_of, picture, venue_of
from services.campaigns.backend.ticketmaster_wire import Attraction, Image, VenueEntry
from services.kit.errors import Invalid
from services.kit.paging import encode_cursor
from tests.support import issuer
from tests.support import ticketmaster as tm
from tests.support.service import open_service
from tests.support.ticketmaster import FakeTicketmaster
from tests.unit.campaigns.campaigns import Campaigns
from tests.unit.campaigns.receivers import Receivers


@pytest.fixture
def provider() -> Iterator[FakeTicketmaster]:
    with FakeTicketmaster() as fake:
        fake.attractions = [tm.attraction(n, f"Beyoncé {n}") for n in range(45)]
        fake.venues = [tm.venue(n, f"Garden {n}") for n in range(5)]
        yield fake


@pytest.fixture
async def campaigns(
    database: Callable[[str], ServiceDatabase], provider: FakeTicketmaster
) -> AsyncIterator[Campaigns]:
    """The service with a key for the provider."""
    receivers = Receivers()
    dsn = database("campaigns").service_dsn
    settings: dict[str, Any] = {
        "ticketmaster_api_key": tm.KEY,
        "ticketmaster_url": provider.url,
        "ticketmaster_timeout": 0.5,
    }
    async with open_service("campaigns", dsn, transports=receivers.transports, **settings) as service:
        yield Campaigns(service, receivers, dsn)


FIELDS = "edges { cursor node { id name source } } pageInfo { hasNextPage endCursor } fallback"
SIGNED_IN = object()


async def search(campaigns: Campaigns, arguments: str, kind: str = "artists", token: Any = SIGNED_IN) -> Any:
    """A page of a search, as the editor unless another token is given."""
    answer = await campaigns.service.graphql(
        f"{{ {kind}({arguments}) {{ {FIELDS} }} }}", token=campaigns.editor if token is SIGNED_IN else token
    )
    assert "errors" not in answer, answer["errors"]
    return answer["data"][kind]


def names(page: Any) -> list[str]:
    return [edge["node"]["name"] for edge in page["edges"]]


async def test_the_provider_is_searched_page_by_page(
    campaigns: Campaigns, provider: FakeTicketmaster
) -> None:
    found: list[str] = []
    after = ""
    sizes: list[int] = []
    while True:
        page = await search(campaigns, f'search: "beyonce", first: 20{after}')
        assert not page["fallback"]
        assert {edge["node"]["source"] for edge in page["edges"]} == {"ticketmaster"}
        sizes.append(len(page["edges"]))
        found += names(page)
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = f', after: "{page["pageInfo"]["endCursor"]}"'
    assert (sizes, found) == ([20, 20, 5], [f"Beyoncé {n}" for n in range(45)])
    assert [(q["page"], q["size"], q["keyword"]) for q in provider.received] == [
        ("0", "20", "beyonce"), ("1", "20", "beyonce"), ("2", "20", "beyonce"),
    ]  # fmt: skip


async def test_a_list_goes_on_after_any_item_with_any_size(campaigns: Campaigns) -> None:
    page = await search(campaigns, 'search: "b", first: 20')
    after = page["edges"][6]["cursor"]
    page = await search(campaigns, f'search: "b", first: 5, after: "{after}"')
    assert names(page) == [f"Beyoncé {n}" for n in range(7, 12)]
    page = await search(campaigns, f'search: "b", first: 50, after: "{page["pageInfo"]["endCursor"]}"')
    assert names(page) == [f"Beyoncé {n}" for n in range(12, 20)]
    assert page["pageInfo"]["hasNextPage"]


async def test_the_list_ends_where_the_provider_answers_no_deeper(
    campaigns: Campaigns, provider: FakeTicketmaster
) -> None:
    provider.attractions = [tm.attraction(n, f"A {n}") for n in range(1300)]
    deep = tm_cursor(RemotePlace(100, 899))
    page = await search(campaigns, f'search: "a", first: 100, after: "{deep}"')
    assert names(page) == [f"A {n}" for n in range(900, 1000)]
    assert not page["pageInfo"]["hasNextPage"]
    page = await search(campaigns, f'search: "a", first: 100, after: "{page["pageInfo"]["endCursor"]}"')
    assert (names(page), page["fallback"], page["pageInfo"]["hasNextPage"]) == ([], False, False)
    assert len(provider.received) == 1


async def test_what_cannot_be_used_is_left_out_and_looked_past(
    campaigns: Campaigns, provider: FakeTicketmaster
) -> None:
    berlin = {"country": {"countryCode": "DE"}, "timezone": "Europe/Berlin"}
    provider.venues = [tm.venue(n, f"Halle {n}", **berlin) for n in range(2)] + provider.venues
    page = await search(campaigns, 'search: "g", first: 2', "venues")
    assert names(page) == ["Garden 0", "Garden 1"]
    provider.venues = [tm.venue(n, f"Halle {n}", **berlin) for n in range(9)]
    page = await search(campaigns, 'search: "g", first: 2', "venues")
    assert (names(page), page["pageInfo"]["hasNextPage"]) == ([], False)


async def test_venues_are_asked_for_by_country_and_circle(
    campaigns: Campaigns, provider: FakeTicketmaster
) -> None:
    circle = "near: { latitude: 40.75, longitude: -73.99, radiusKm: 12.4 }"
    await search(campaigns, f'search: "garden", country: "US", {circle}', "venues")
    [asked] = provider.received
    assert (asked["countryCode"], asked["latlong"], asked["radius"], asked["unit"]) == (
        "US", "40.75000,-73.99000", "12", "km",
    )  # fmt: skip


FAILURES = {
    "a key that is none": tm.refused(),
    "a quota that is spent": tm.quota(retry_after="30"),
    "no answer": tm.hang,
    "an answer without an end": tm.drip,
    "no JSON": tm.raw(200, b"<html>sorry</html>"),
    "JSON of another shape": tm.raw(200, b'{"page": "one"}'),
    "a number": tm.raw(200, b"5"),
    "broken UTF-8": tm.raw(200, b'{"page": {}, "_embedded": {"attractions": [{"id": "\xff"}]}}'),
    "an error": tm.raw(500, b"oops"),
    "a redirect": tm.moved(),
    "more than anybody can read": tm.raw(200, b" " * 5_000_000),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_where_the_provider_fails_our_catalogue_answers_and_says_so(
    campaigns: Campaigns,
    provider: FakeTicketmaster,
    failure: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    await campaigns.resources.seeds.load()
    provider.answers = [FAILURES[failure]]
    with caplog.at_level(logging.WARNING):
        page = await search(campaigns, 'search: "beyonse", first: 3')
    assert (names(page)[0], page["fallback"]) == ("Beyoncé", True)
    assert page["edges"][0]["node"]["source"] == "catalogue"
    told = caplog.text + "".join(capfd.readouterr())
    assert "discovery provider gives no answer" in told
    assert tm.KEY not in told + json.dumps(page)


async def test_a_provider_that_is_not_there_is_a_failure_like_the_others(
    campaigns: Campaigns, provider: FakeTicketmaster
) -> None:
    await campaigns.resources.seeds.load()
    provider.__exit__()
    assert (await search(campaigns, 'search: "adele"'))["fallback"]


async def test_a_provider_that_fails_again_and_again_is_not_asked_for_a_while(
    campaigns: Campaigns, provider: FakeTicketmaster
) -> None:
    provider.answers = [tm.raw(500, b"")] * 3
    for _ in range(8):
        assert (await search(campaigns, 'search: "adele"'))["fallback"]
    assert len(provider.received) == 3
    campaigns.resources.discovery._breaker.closed_until = 0.0  # the while is over
    assert not (await search(campaigns, 'search: "adele"'))["fallback"]
    assert len(provider.received) == 4


async def test_a_spent_quota_is_not_asked_again_before_its_time(
    campaigns: Campaigns, provider: FakeTicketmaster
) -> None:
    provider.answers = [tm.quota(retry_after="60")]
    for _ in range(3):
        assert (await search(campaigns, 'search: "adele"'))["fallback"]
    assert len(provider.received) == 1


async def test_a_list_that_began_in_our_catalogue_goes_on_there(
    campaigns: Campaigns, provider: FakeTicketmaster
) -> None:
    await campaigns.resources.seeds.load()
    provider.answers = [tm.raw(500, b"")]
    ours = await search(campaigns, 'search: "the", first: 2')
    assert ours["fallback"]
    asked = len(provider.received)
    more = await search(campaigns, f'search: "the", first: 2, after: "{ours["pageInfo"]["endCursor"]}"')
    assert len(provider.received) == asked
    assert not set(names(ours)) & set(names(more))
    theirs = await search(campaigns, 'search: "b", first: 2')
    provider.answers = [tm.raw(500, b"")]
    after = theirs["pageInfo"]["endCursor"]
    begun_again = await search(campaigns, f'search: "beyonce", first: 2, after: "{after}"')
    assert (names(begun_again)[0], begun_again["fallback"]) == ("Beyoncé", True)


async def test_strangers_do_not_spend_the_quota(campaigns: Campaigns, provider: FakeTicketmaster) -> None:
    await campaigns.resources.seeds.load()
    for token in (None, issuer.token("fan"), campaigns.reader):
        page = await search(campaigns, 'search: "beyonce"', token=token)
        assert (names(page)[0], page["fallback"], provider.received) == ("Beyoncé", False, [])


async def test_what_is_picked_becomes_ours(campaigns: Campaigns, provider: FakeTicketmaster) -> None:
    page = await search(campaigns, 'search: "b", first: 2')
    ids = [edge["node"]["id"] for edge in page["edges"]]
    created = await campaigns.create(artistIds=ids)
    id_ = created["campaign"]["id"]
    provider.answers = [tm.raw(500, b"")] * 9  # nothing of it is needed any more
    shown = await campaigns.campaign(id_, "artists { id name imageUrl source }")
    assert shown["artists"] == [
        {
            "id": id_,
            "name": f"Beyoncé {n}",
            "imageUrl": f"https://s1.ticketm.net/dam/a/{n}_640.jpg",
            "source": "ticketmaster",
        }
        for n, id_ in enumerate(ids)
    ]
    asked = len(provider.received)
    await campaigns.create(artistIds=ids)
    assert len(provider.received) == asked
    entity = {"__typename": "Artist", "id": ids[0]}
    assert await campaigns.service.entities("... on Artist { name }", [entity]) == [{"name": "Beyoncé 0"}]


async def test_a_venue_that_is_picked_becomes_ours_with_a_clock(
    campaigns: Campaigns, provider: FakeTicketmaster
) -> None:
    await campaigns.resources.seeds.load()
    dublin = {
        "timezone": None,
        "city": {"name": "Dublin"},
        "country": {"countryCode": "IE"},
        "location": {"longitude": "-6.2286", "latitude": "53.3475"},
    }
    provider.venues = [tm.venue(7, "3Arena", **dublin)]
    [edge] = (await search(campaigns, 'search: "arena"', "venues"))["edges"]
    id_ = (await campaigns.create())["campaign"]["id"]
    market = await campaigns.market(id_, venueId=edge["node"]["id"], country="IE", radiusKm=20)
    assert market["market"]["venue"] == {"name": "3Arena"}
    assert market["market"]["population"] > 1_000_000
    page = await campaigns.campaign(id_, "markets { timeZone venue { timeZone source } }")
    assert page["markets"] == [
        {"timeZone": "Europe/Dublin", "venue": {"timeZone": "Europe/Dublin", "source": "ticketmaster"}}
    ]


async def test_racing_picks_copy_an_artist_once(campaigns: Campaigns, provider: FakeTicketmaster) -> None:
    ids = ["art_tm_K8vZ9170003"]
    racing = [campaigns.create(artistIds=ids) for _ in range(6)]
    assert {result["__typename"] for result in await asyncio.gather(*racing)} == {"CampaignCreated"}
    assert await campaigns.count("artist") == 1


async def test_what_the_provider_does_not_know_is_a_refusal_and_what_it_cannot_tell_is_not(
    campaigns: Campaigns, provider: FakeTicketmaster
) -> None:
    refused = await campaigns.mutate("createCampaign", "", campaigns.new(artistIds=["art_tm_nobody"]))
    assert [(i["code"], i["path"]) for i in refused["issues"]] == [("UNKNOWN", ["artistIds"])]
    provider.answers = [tm.raw(500, b"")]
    query = "mutation ($input: CreateCampaignInput!) { createCampaign(input: $input) { __typename } }"
    given = {"input": campaigns.new(artistIds=["art_tm_K8vZ9170001"])}
    answer = await campaigns.service.graphql(query, given, token=campaigns.editor)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAVAILABLE"]
    assert await campaigns.count("campaign") == 0


@pytest.mark.parametrize(
    "id_", ["art_tm_../events", "art_tm_a/b", "art_tm_", "art_tm_x?apikey=y", "tm_x", "art_" + "x" * 90]
)
def test_what_is_no_id_of_the_provider_is_never_asked_for(id_: str) -> None:
    assert external_id(id_) is None


def tm_cursor(place: RemotePlace) -> str:
    """A place as clients see it."""
    return encode_cursor(place.text)


@pytest.mark.parametrize(
    "after",
    [
        "",
        "x",
        "[]",
        '["tm"]',
        '["tm", 0, 5]',
        '["tm", 20, -1]',
        '["tm", 20, 1000]',
        '["own", 1]',
        "{}",
        "9" * 400,
    ],
)
def test_what_is_no_place_is_refused(after: str) -> None:
    with pytest.raises(Invalid):
        parse_place(after)


def test_the_breaker_pauses_longer_each_time_and_lets_one_try() -> None:
    breaker = Breaker()
    for now in (0.0, 1.0):
        assert breaker.admits(now)
        breaker.failed(now)
    assert breaker.admits(2.0)
    breaker.failed(2.0)
    assert not breaker.admits(16.9)
    assert breaker.admits(17.0)
    assert not breaker.admits(17.1), "one that tries is enough"
    breaker.failed(20.0)
    assert not breaker.admits(49.9)
    assert breaker.admits(50.0)
    breaker.succeeded()
    assert all(breaker.admits(50.0) for _ in range(9))
    breaker.failed(60.0, wait=100_000)
    assert not breaker.admits(659.0)
    assert breaker.admits(660.0), "nobody is believed for longer than ten minutes"


PICTURES = [
    ([], None),
    ([Image("http://a/1.jpg", 640, "16_9")], None),
    ([Image("https://a/1.jpg", 640, "16_9", True), Image("https://a/2.jpg", 100, "3_2")], "https://a/2.jpg"),
    ([Image("https://a/1.jpg", 300, "16_9"), Image("https://a/2.jpg", 200, "16_9")], "https://a/1.jpg"),
    ([Image("https://a/1.jpg", 2048, "16_9"), Image("https://a/2.jpg", 1024, "16_9")], "https://a/2.jpg"),
]


@pytest.mark.parametrize(("images", "chosen"), PICTURES)
def test_the_picture_is_the_artist_s_wide_and_no_larger_than_needed(
    images: list[Image], chosen: str | None
) -> None:
    assert picture(images) == chosen


def test_entries_without_what_we_need_are_none_of_ours() -> None:
    assert artist_of(Attraction("K1")) is None
    assert artist_of(Attraction("../x", "Adele")) is None
    whole = tm.venue(1, "Hall")
    for missing in ("name", "city", "country", "location"):
        assert venue_of(as_venue({**whole, missing: None})) is None, missing
    for location in (
        {"latitude": "north"},
        {"latitude": "0", "longitude": "0"},
        {"latitude": "99", "longitude": "1"},
    ):
        assert venue_of(as_venue({**whole, "location": location})) is None
    unzoned = venue_of(as_venue({**whole, "timezone": "Mars/Olympus"}))
    assert unzoned is not None
    assert unzoned.time_zone == ""


def as_venue(body: dict[str, Any]) -> VenueEntry:
    """A body as it is read from the wire."""
    return msgspec.convert(body, VenueEntry)
