"""Venues and artists: real ones, found in spite of typing errors; loaded once, however often."""

import asyncio
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from services.campaigns.backend import seeds_store
from services.campaigns.backend.catalogue_rules import City, distance_km, fold, without_boroughs
from tests.unit.campaigns.campaigns import Campaigns


async def names(campaigns: Campaigns, field: str, **variables: Any) -> list[str]:
    """The names that a search answers, in order."""
    kinds = {
        "search": "String!" if field == "artists" else "String",
        "country": "CountryCode",
        "near": "NearInput",
        "first": "Int",
    }
    declared = ", ".join(f"${name}: {kinds[name]}{'!' if name == 'first' else ''}" for name in variables)
    passed = ", ".join(f"{name}: ${name}" for name in variables)
    answer = await campaigns.service.graphql(
        f"query ({declared}) {{ {field}({passed}) {{ nodes {{ name }} }} }}", variables
    )
    assert "errors" not in answer, answer["errors"]
    return [node["name"] for node in answer["data"][field]["nodes"]]


SEARCHES = [
    ("venues", "Madison Sqare Gardn", "Madison Square Garden"),
    ("venues", "madisn", "Madison Square Garden"),
    ("venues", "wembley stadium", "Wembley Stadium"),
    ("venues", "red roks", "Red Rocks Amphitheatre"),
    ("venues", "ESTADIO AZTECA", "Estadio Azteca"),
    ("venues", "croke dublin", "Croke Park"),
    ("venues", "pairc ui chaoimh", "Páirc Uí Chaoimh"),
    ("artists", "beyonce", "Beyoncé"),
    ("artists", "Tailor Swift", "Taylor Swift"),
    ("artists", "bad buny", "Bad Bunny"),
    ("artists", "u2", "U2"),
]


async def test_searches_forgive_typing_errors_and_accents(
    campaigns: Campaigns, subtests: pytest.Subtests
) -> None:
    await campaigns.resources.seeds.load()
    for field, search, wanted in SEARCHES:
        with subtests.test(search=search):
            assert (await names(campaigns, field, search=search))[0] == wanted
    for search in ("zzzzz", "", "%", "'; --", "\\", "☃"):
        with subtests.test(search=search):
            assert await names(campaigns, "artists", search=search) == []


async def test_venues_by_country_place_and_name(campaigns: Campaigns) -> None:
    await campaigns.resources.seeds.load()
    midtown = {"latitude": 40.7505, "longitude": -73.9934, "radiusKm": 3}
    assert await names(campaigns, "venues", near=midtown) == [
        "Madison Square Garden",
        "Radio City Music Hall",
    ]
    assert "Croke Park" in await names(campaigns, "venues", country="IE", first=100)
    assert (
        await names(campaigns, "venues", search="fox theatre", country="US", first=2) == ["Fox Theatre"] * 2
    )
    everywhere = await names(campaigns, "venues", first=5)
    assert everywhere == sorted(everywhere)


async def test_a_page_says_whether_there_are_more(campaigns: Campaigns) -> None:
    await campaigns.resources.seeds.load()
    query = "{ venues(first: 3) { nodes { id } pageInfo { hasNextPage } } }"
    page = (await campaigns.service.graphql(query))["data"]["venues"]
    assert (len(page["nodes"]), page["pageInfo"]["hasNextPage"]) == (3, True)


@pytest.mark.parametrize(
    "near",
    [
        {"latitude": 91, "longitude": 0, "radiusKm": 1},
        {"latitude": 0, "longitude": 181, "radiusKm": 1},
        {"latitude": 0, "longitude": 0, "radiusKm": 0},
    ],
)
async def test_a_circle_that_cannot_be_is_a_bad_request(campaigns: Campaigns, near: dict[str, float]) -> None:
    query = "query ($near: NearInput) { venues(near: $near) { nodes { id } } }"
    answer = await campaigns.service.graphql(query, {"near": near})
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_REQUEST"]


async def test_loading_again_changes_nothing(campaigns: Campaigns) -> None:
    counts: list[list[int]] = []
    for _ in range(2):
        await campaigns.resources.seeds.load()
        counts.append([await campaigns.count(table) for table in ("venue", "artist", "city")])
    assert counts[0] == counts[1]
    assert all(counts[0])


async def test_the_catalogue_is_loaded_once_for_what_it_is_made_from(
    campaigns: Campaigns,
) -> None:
    """Racing loaders, a repeated one, and one that brings other data."""
    seeds, database = campaigns.resources.seeds, campaigns.resources.database
    await asyncio.gather(*(seeds.load() for _ in range(4)))
    before = database.statements
    await seeds.load()
    assert database.statements - before == 3
    connection = await asyncpg.connect(campaigns.dsn)
    await connection.execute(
        "UPDATE city SET population = 0; UPDATE catalogue_part SET digest = 'of yesterday'"
    )
    await seeds.load()
    assert await connection.fetchval("SELECT min(population) FROM city") > 0
    assert await connection.fetchval("SELECT count(*) FROM city WHERE time_zone IS NULL") == 0
    await connection.close()


def test_the_venues_are_facts_that_hold_together() -> None:
    rows = seeds_store.read("venues.csv")
    assert len(rows) >= 150
    assert {row["country"] for row in rows} == {"US", "CA", "GB", "IE", "MX"}
    assert len({(row["name"], row["city"]) for row in rows}) == len(rows)
    places = [city for city in seeds_store.populated_places() if city.population > 5000]
    for row in rows:
        assert ZoneInfo(row["time_zone"])
        assert 100 <= int(row["capacity"]) <= 120_000, row["name"]
        here = City(0, "", row["country"], float(row["latitude"]), float(row["longitude"]), 0)
        near = [(distance_km(here, c), c) for c in places if abs(c.latitude - here.latitude) < 0.5]
        distance, nearest = min(near, key=lambda pair: pair[0])
        assert distance < 50, row["name"]
        assert (nearest.country, nearest.time_zone) == (row["country"], row["time_zone"]), row["name"]


def test_cities_are_in_their_countries_and_keep_their_clocks() -> None:
    boxes = {
        "US": (18.0, 71.5, -180.0, -64.0),
        "CA": (41.6, 83.2, -141.1, -52.0),
        "GB": (49.8, 61.0, -8.7, 2.0),
        "IE": (51.3, 55.5, -10.8, -5.9),
        "MX": (14.4, 32.8, -118.5, -86.6),
    }
    places = seeds_store.populated_places()
    assert len(places) > 5000
    for city in places:
        south, north, west, east = boxes[city.country]
        assert south <= city.latitude <= north, city
        assert west <= city.longitude <= east, city
        assert city.population >= 0
        assert ZoneInfo(city.time_zone)
    assert {c.time_zone for c in places if c.country in ("GB", "IE")} == {"Europe/London", "Europe/Dublin"}


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Beyoncé", "beyonce"),
        ("  P!nk ", "pink"),
        ("AT&T_Stadium", "at t stadium"),
        ("ŁÓDŹ ß", "lodz ss"),
        ("Ke$ha & MØ", "kesha mo"),
        ("A$AP Rocky", "asap rocky"),
        ("", ""),
    ],
)
def test_names_are_compared_without_case_accents_and_signs(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_people_of_a_borough_are_counted_once() -> None:
    city = City(1, "New York", "US", 40.71, -74.01, 8_800_000)
    borough = City(2, "Brooklyn", "US", 40.65, -73.95, 2_700_000)
    neighbour = City(3, "Stamford", "US", 41.05, -73.54, 135_000)
    assert without_boroughs([borough, neighbour, city]) == [city, neighbour]


def test_every_venue_lies_in_the_place_that_it_names(subtests: pytest.Subtests) -> None:
    places = {place.id: place for place in seeds_store.populated_places()}
    for row in seeds_store.read("venues.csv"):
        with subtests.test(venue=row["name"]):
            source, _, id_ = row["place"].partition(":")
            place = places[int(id_)]
            here = replace(place, latitude=float(row["latitude"]), longitude=float(row["longitude"]))
            assert source == "geonames"
            assert (place.country, place.time_zone) == (row["country"], row["time_zone"])
            assert distance_km(here, place) < 25
