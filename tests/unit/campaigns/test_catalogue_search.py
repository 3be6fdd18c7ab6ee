"""The searches of our own catalogue over a hundred thousand names: by index, bounded, ranked, page by page."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest

from scripts.devtools.bench.names import FILL
from scripts.devtools.databases import ServiceDatabase
from services.campaigns.backend.catalogue_rules import MOST_RANKED
from services.campaigns.backend.catalogue_store import Catalogue, q
from services.campaigns.backend.catalogue_wire import ArtistQuery, Near, VenueQuery
from services.campaigns.backend.seeds_store import Seeds
from services.kit.errors import Invalid
from services.kit.pg import Query, open_database

MIDTOWN = Near(40.7505, -73.9934, 5)


class Large:
    """A catalogue with 100,000 more venues and artists, and its owner's connection."""

    def __init__(self, catalogue: Catalogue, owner: Any) -> None:
        self.catalogue = catalogue
        self.owner = owner

    async def plan(self, query: Query, **given: Any) -> tuple[set[str], int, float]:
        """The scans of a statement, as `Node relation-or-index`; the pages it read; the rows of its bitmap."""
        values = ", ".join(_literal(given.get(name)) for name in query.parameters)
        async with self.owner.transaction():
            await self.owner.execute("SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL jit = off")
            await self.owner.execute("SELECT set_config('pg_trgm.word_similarity_threshold', '0.4', true)")
            await self.owner.execute(f"PREPARE statement AS {query.sql}")
            text = await self.owner.fetchval(
                f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE statement({values})"
            )
            await self.owner.execute("DEALLOCATE statement")
        plan = json.loads(text)[0]["Plan"]
        scans = {
            f"{node['Node Type']} {node.get('Index Name') or node.get('Relation Name')}"
            for node in nodes(plan)
            if "Scan" in node["Node Type"] and ("Index Name" in node or "Relation Name" in node)
        }
        rows = [node["Actual Rows"] for node in nodes(plan) if node["Node Type"] == "Bitmap Heap Scan"]
        return scans, plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], max(rows, default=0)


def _literal(value: Any) -> str:
    return "NULL" if value is None else f"'{value}'"


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """A plan's nodes, itself first."""
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]


@pytest.fixture
async def large(database: Callable[[str], ServiceDatabase]) -> AsyncIterator[Large]:
    made = database("campaigns")
    async with open_database(
        made.service_dsn,
        size=2,
        statement_timeout_ms=20_000,
        name="test",
        plan_cache_mode="force_generic_plan",
    ) as opened:
        await Seeds(opened).load()
        owner = await asyncpg.connect(made.owner_dsn)
        await owner.execute(FILL)
        await owner.execute("VACUUM ANALYZE venue, artist")
        yield Large(Catalogue(opened), owner)
        await owner.close()


async def test_searches_find_by_index_whatever_is_in_the_table(large: Large) -> None:
    found = await large.catalogue.search_venues(VenueQuery(search="madisen sqare"))
    assert "Madison Square Garden" in [one.item.name for one in found.items]
    artists = await large.catalogue.search_artists(ArtistQuery(search="beyonse"))
    assert artists.items[0].item.name == "Beyoncé"
    most, limit = {"most": MOST_RANKED}, {"limit": 21}
    for search in ("madisen sqare", "wembley", "pairc ui chaoimh"):
        scans, pages, _ = await large.plan(q.search_venues, search=search, **most, **limit)
        assert "Bitmap Index Scan venue_search" in scans, search
        assert not any(scan.startswith("Seq Scan") for scan in scans), search
        assert pages < 3000, (search, pages)
    scans, pages, _ = await large.plan(q.search_artists, search="beyonse", **most, **limit)
    assert "Bitmap Index Scan artist_search" in scans
    assert pages < 2000
    circle = {"latitude": 40.75, "longitude": -73.99, "radius_km": 5.0}
    scans, pages, _ = await large.plan(q.venues_near, **circle, **limit)
    assert "Bitmap Index Scan venue_place" in scans
    assert pages < 2000
    assert not any(scan.startswith("Seq Scan") for scan in scans)
    scans, pages, _ = await large.plan(q.venues_by_name, **limit)
    assert scans == {"Index Scan venue_name"}
    assert pages < 100


async def test_a_word_that_everything_has_costs_no_more_than_what_is_ranked(large: Large) -> None:
    """Negative control: without the bound the same search ranks them all."""
    *_, bounded = await large.plan(q.search_venues, search="theatre", most=MOST_RANKED, limit=21)
    *_, unbounded = await large.plan(q.search_venues, search="theatre", most=1_000_000, limit=21)
    assert bounded == MOST_RANKED
    assert unbounded > 3 * MOST_RANKED


async def test_pages_hold_every_finding_once_and_in_order(large: Large) -> None:
    for query in (
        VenueQuery(search="wembley", limit=100),
        VenueQuery(search="fox theatre", country="US", limit=100),
        VenueQuery(near=MIDTOWN, limit=100),
        VenueQuery(search="garden", near=MIDTOWN, limit=100),
        VenueQuery(country="IE", limit=100),
    ):
        whole = [one.item.id for one in (await large.catalogue.search_venues(query)).items]
        paged: list[str] = []
        after = None
        while len(paged) < len(whole):
            query.limit, query.after = 7, after
            page = await large.catalogue.search_venues(query)
            paged += [one.item.id for one in page.items]
            after = page.items[-1].place
        assert paged[: len(whole)] == whole
        assert len(set(paged)) == len(paged)


async def test_the_best_comes_first(large: Large) -> None:
    async def first(**query: Any) -> str:
        return (await large.catalogue.search_venues(VenueQuery(**query))).items[0].item.name

    assert await first(search="Wembley Stadium") == "Wembley Stadium"
    assert await first(search="royal albert hall") == "Royal Albert Hall"
    assert await first(search="estadio azteka") == "Estadio Azteca"
    assert await first(search="garden", near=Near(40.7505, -73.9934, 0.5)) == "Madison Square Garden"
    assert await first(search="croke park", country="IE") == "Croke Park"


async def test_a_place_of_no_list_is_refused(large: Large) -> None:
    for after in ("", "x", '["own", 0.8, 0.1]', '["own", 9, 0.1, 0.1, "a", "b", "c"]', "null"):
        with pytest.raises(Invalid):
            await large.catalogue.search_venues(VenueQuery(search="a", after=after))
