"""Venues and artists in SQL: typed twins of `catalogue.sql`."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from services.campaigns.backend import catalogue_wire
from services.campaigns.backend.catalogue_rules import ALIKE, fold
from services.kit.paging import Page, cut
from services.kit.pg import Database, Queries, Row

q = Queries(Path(__file__).with_name("catalogue.sql"))
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


def _venues(rows: Sequence[Row]) -> list[catalogue_wire.Venue]:
    return [_decode_venue(row["document"]) for row in rows]
