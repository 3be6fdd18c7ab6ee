"""Venues and artists: real ones, found in spite of typing errors; loaded once, however often."""

import csv
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.campaigns.backend import catalogue_store
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
    await campaigns.resources.catalogue.load()
    for field, search, wanted in SEARCHES:
        with subtests.test(search=search):
            assert (await names(campaigns, field, search=search))[0] == wanted
    for search in ("zzzzz", "", "%", "'; --", "\\", "☃"):
        with subtests.test(search=search):
            assert await names(campaigns, "artists", search=search) == []


async def test_venues_by_country_place_and_name(campaigns: Campaigns) -> None:
    await campaigns.resources.catalogue.load()
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
    await campaigns.resources.catalogue.load()
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
        await campaigns.resources.catalogue.load()
        counts.append([await campaigns.count(table) for table in ("venue", "artist", "city")])
    assert counts[0] == counts[1]
    assert all(counts[0])


def test_the_venues_are_facts_that_hold_together() -> None:
    path = Path(catalogue_store.__file__).with_name("data") / "venues.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 150
    assert {row["country"] for row in rows} == {"US", "CA", "GB", "IE", "MX"}
    assert len({(row["name"], row["city"]) for row in rows}) == len(rows)
    places = [(c, zone) for c, zone in catalogue_store.populated_places() if c.population > 5000]
    for row in rows:
        assert ZoneInfo(row["time_zone"])
        here = City(0, "", row["country"], float(row["latitude"]), float(row["longitude"]), 0)
        near = [(distance_km(here, c), zone) for c, zone in places if abs(c.latitude - here.latitude) < 0.5]
        distance, zone = min(near)
        assert distance < 50, row["name"]
        assert zone == row["time_zone"], row["name"]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Beyoncé", "beyonce"),
        ("  P!nk ", "p nk"),
        ("AT&T_Stadium", "at t stadium"),
        ("ŁÓDŹ ß", "łodz ss"),
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
