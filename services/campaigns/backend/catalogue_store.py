"""Venues and artists in SQL: typed twins of `catalogue.sql`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from services.campaigns.backend.catalogue_rules import LIKENESSES, MOST_RANKED, fold
from services.campaigns.backend.catalogue_wire import (
    Artist,
    ArtistQuery,
    Findings,
    Found,
    Near,
    Venue,
    VenueQuery,
)
from services.campaigns.backend.discovery_rules import Place, place_of
from services.kit.paging import cut
from services.kit.pg import Database, Queries, Query, Row

T = TypeVar("T")
q = Queries(Path(__file__).with_name("catalogue.sql"))
_decode_venue = msgspec.json.Decoder(Venue).decode


class Catalogue:
    """What campaigns choose from: real venues, known artists, and the cities that give markets their population."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def venues(self, ids: Sequence[str]) -> list[Venue]:
        """The venues of these ids, as far as they exist."""
        rows = await self._database.fetch(q.venues_by_id, ids=list(ids))
        return [_decode_venue(row["document"]) for row in rows]

    async def search_venues(self, query: VenueQuery) -> Findings[Venue]:
        """The venues that fit, best first. Raises Invalid for an `after` that is no place of ours."""
        after = place_of(query.after)
        search = fold(query.search) if query.search and query.search.strip() else None
        wanted: dict[str, Any] = {"country": query.country, "limit": query.limit + 1}
        alike = 1.0
        if query.near:
            alike, rows = await self._near(query.near, search, after, **wanted)
        elif search is not None:
            alike, rows = await self._alike(q.search_venues, search, after, **wanted)
        else:
            rows = await self._database.fetch(q.venues_by_name, **wanted, **_before(after, "name", "id"))
        return _findings(rows, query.limit, alike, lambda row: _decode_venue(row["document"]))

    async def artists(self, ids: Sequence[str]) -> list[Artist]:
        """The artists of these ids, as far as they exist."""
        return [_artist(row) for row in await self._database.fetch(q.artists_by_id, ids=list(ids))]

    async def search_artists(self, query: ArtistQuery) -> Findings[Artist]:
        """The artists that fit, most alike first. Raises Invalid for an `after` that is no place of ours."""
        after = place_of(query.after)
        alike, rows = await self._alike(q.search_artists, fold(query.search), after, limit=query.limit + 1)
        return _findings(rows, query.limit, alike, _artist)

    async def _alike(
        self, query: Query, search: str, after: Place | None, limit: int, **wanted: Any
    ) -> tuple[float, list[Row]]:
        """What is most alike, and the likeness that was demanded for it.

        What fits less is looked for only where what fits better does not fill the page, for it is a long list; where it
        is too long to rank all of it, what fits better stands alone. A page after another keeps to that one's likeness.
        """
        best, found = LIKENESSES[0], list[Row]()
        async with self._database.transaction() as connection:
            for alike in LIKENESSES if after is None else [after.alike]:
                await self._database.fetchval(q.demand_likeness, connection, alike=str(alike))
                places = _before(after, "rank", "rank_then", "name", "id")
                rows = await self._database.fetch(
                    query, connection, search=search, limit=limit, most=MOST_RANKED, **places, **wanted
                )
                if found and rows[0]["fitting"] == MOST_RANKED:
                    break
                best, found = alike, rows
                if len(found) >= limit:
                    break
        return best, found

    async def _near(
        self, near: Near, search: str | None, after: Place | None, **wanted: Any
    ) -> tuple[float, list[Row]]:
        """What is nearest, and the likeness that was demanded for it: a lower one only where nothing is more alike."""
        tries = [after.alike] if after else LIKENESSES if search is not None else [1.0]
        alike, rows = tries[0], list[Row]()
        for alike in tries:
            rows = await self._database.fetch(
                q.venues_near,
                **msgspec.structs.asdict(near),
                search=search,
                alike=alike,
                **_before(after, "rank", "name", "id"),
                **wanted,
            )
            if rows:
                break
        return alike, rows


def _before(after: Place | None, *names: str) -> dict[str, Any]:
    return {f"after_{name}": None if after is None else getattr(after, name) for name in names}


def _findings(rows: list[Row], limit: int, alike: float, read: Callable[[Row], T]) -> Findings[T]:
    page = cut(rows, limit)
    items = [
        Found(Place(alike, row["rank"], row["rank_then"], row["name"], row["id"]).text, read(row))
        for row in page.items
    ]
    return Findings(items, page.has_next)


def _artist(row: Row) -> Artist:
    return Artist(row["id"], row["name"], row["image_url"], row["source"])
