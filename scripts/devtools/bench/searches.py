"""Searches of a large catalogue, timed: on the running stack's PostgreSQL, in a database of their own."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import asyncpg
from rich.console import Console
from rich.table import Table

from scripts.devtools.bench.names import FILL
from scripts.devtools.bench.scratch import scratch
from scripts.devtools.settings import Settings
from services.campaigns.backend.catalogue_store import Catalogue
from services.campaigns.backend.catalogue_wire import ArtistQuery, Near, VenueQuery
from services.campaigns.backend.seeds_store import Seeds
from services.kit.pg import open_database

NEW_YORK = Near(40.7505, -73.9934, 50)
VENUES = {
    "one name": VenueQuery(search="royal albert hall"),
    "a typing error a word": VenueQuery(search="madisen sqare"),
    "accents": VenueQuery(search="Páirc Uí Chaoimh"),
    "a word of thousands": VenueQuery(search="theatre"),
    "a word of thousands and a typing error": VenueQuery(search="foks theatre"),
    "a name in a circle": VenueQuery(search="garden", near=NEW_YORK),
    "a circle": VenueQuery(near=NEW_YORK),
    "by name": VenueQuery(),
}
ARTISTS = {"an artist": ArtistQuery("beyoncé"), "an artist with typing errors": ArtistQuery("beyonse")}


@dataclass(frozen=True)
class Timing:
    """A search: how many were found on its first page, and the milliseconds of its median and its slowest turn."""

    what: str
    found: int
    median: float
    slowest: float


async def time_searches(admin_dsn: str, settings: Settings, turns: int) -> list[Timing]:
    """Each search in turns, over 100,000 venues and as many artists."""
    with scratch(admin_dsn, settings, "campaigns") as made:
        async with open_database(
            made.service_dsn,
            size=1,
            statement_timeout_ms=20_000,
            name="bench",
            plan_cache_mode="force_generic_plan",
        ) as database:
            await Seeds(database).load()
            owner = await asyncpg.connect(made.owner_dsn)
            await owner.execute(FILL)
            await owner.execute("VACUUM ANALYZE venue, artist")
            await owner.close()
            catalogue = Catalogue(database)
            timings = [await _time(w, query, catalogue.search_venues, turns) for w, query in VENUES.items()]
            return timings + [
                await _time(w, query, catalogue.search_artists, turns) for w, query in ARTISTS.items()
            ]


def show(console: Console, timings: list[Timing]) -> None:
    """The timings as a table."""
    table = Table("search over 100,000 names", "found", "median ms", "slowest ms")
    for one in timings:
        table.add_row(one.what, str(one.found), f"{one.median:.1f}", f"{one.slowest:.1f}")
    console.print(table)


async def _time(what: str, query: Any, search: Callable[[Any], Awaitable[Any]], turns: int) -> Timing:
    taken: list[float] = []
    found = 0
    for _ in range(turns):
        began = time.perf_counter()
        found = len((await search(query)).items)
        taken.append((time.perf_counter() - began) * 1000)
    return Timing(what, found, median(taken), max(taken))
