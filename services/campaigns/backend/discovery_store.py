"""Discovery: artists and venues from the provider, if there is one, and from our catalogue whenever it fails."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from services.campaigns.backend.catalogue_rules import fold
from services.campaigns.backend.catalogue_store import Catalogue
from services.campaigns.backend.catalogue_wire import (
    Artist,
    ArtistQuery,
    Findings,
    Found,
    Venue,
    VenueQuery,
)
from services.campaigns.backend.discovery_rules import (
    DEEPEST,
    PROVIDER,
    Breaker,
    RemotePlace,
    external_id,
    parse_place,
)
from services.campaigns.backend.found_rules import artist_of, venue_of
from services.campaigns.backend.ticketmaster_backend import NoAnswer, Ticketmaster
from services.campaigns.backend.ticketmaster_wire import VenueEntry
from services.kit.errors import Unavailable
from services.kit.pg import Database, Queries
from services.kit.telemetry import log

q = Queries(Path(__file__).with_name("discovery.sql"))
T = TypeVar("T")
_MOST_PAGES = 3
_AT_ONCE = 4


class Discovery:
    """Searches by a provider with our catalogue behind it. Without a provider it is our catalogue alone."""

    def __init__(self, database: Database, catalogue: Catalogue, provider: Ticketmaster | None) -> None:
        self._database = database
        self._catalogue = catalogue
        self._provider = provider
        self._breaker = Breaker()

    async def search_artists(self, query: ArtistQuery) -> Findings[Artist]:
        """Artists by name; the provider's, too, where the query says so and there is one."""

        async def page(provider: Ticketmaster, place: RemotePlace) -> tuple[list[Artist | None], bool]:
            size, number = place.size, place.number // place.size
            entries, more = await provider.attractions(query.search, size=size, page=number)
            return [artist_of(entry) for entry in entries], more

        if query.widely and self._provider and query.search.strip():
            found = await self._ask(query.after, query.limit, page)
            if found is not None:
                return found
        local = await self._catalogue.search_artists(query)
        local.fallback = query.widely and self._provider is not None
        return local

    async def search_venues(self, query: VenueQuery) -> Findings[Venue]:
        """Venues by name, country and distance; the provider's, too, where the query says so and there is one."""

        async def page(provider: Ticketmaster, place: RemotePlace) -> tuple[list[Venue | None], bool]:
            size, number = place.size, place.number // place.size
            entries, more = await provider.venues(
                query.search, query.country, query.near, size=size, page=number
            )
            return await self._venues(entries), more

        if query.widely and self._provider:
            found = await self._ask(query.after, query.limit, page)
            if found is not None:
                return found
        local = await self._catalogue.search_venues(query)
        local.fallback = query.widely and self._provider is not None
        return local

    async def adopt_artists(self, ids: Sequence[str]) -> None:
        """Copies those of the provider's artists that we do not have yet, so that campaigns can point at them.

        Racing and repeating it copies each once. Raises Unavailable when the provider cannot tell.
        """
        wanted = [id_ for id_ in ids if external_id(id_)]
        if self._provider and wanted:
            rows = await self._database.fetch(q.unknown_artists, ids=wanted)
            await _each([row["id"] for row in rows], self._adopt_artist)

    async def adopt_venue(self, id_: str | None) -> None:
        """As `adopt_artists`, for a venue."""
        if self._provider and id_ and external_id(id_):
            rows = await self._database.fetch(q.unknown_venues, ids=[id_])
            await _each([row["id"] for row in rows], self._adopt_venue)

    async def _adopt_artist(self, id_: str) -> None:
        entry = await self._told(lambda provider: provider.attraction(external_id(id_) or ""))
        artist = entry and artist_of(entry)
        if artist and artist.id == id_:
            await self._database.execute(
                q.adopt_artist,
                id=id_,
                name=artist.name,
                image_url=artist.image_url,
                source=PROVIDER,
                external_id=external_id(id_),
                search=fold(artist.name),
            )

    async def _adopt_venue(self, id_: str) -> None:
        entry = await self._told(lambda provider: provider.venue(external_id(id_) or ""))
        [venue] = await self._venues([entry] if entry else []) or [None]
        if venue and venue.id == id_:
            await self._database.execute(
                q.adopt_venue,
                id=id_,
                name=venue.name,
                city=venue.city,
                country=venue.country,
                latitude=venue.location.latitude,
                longitude=venue.location.longitude,
                time_zone=venue.time_zone,
                source=PROVIDER,
                external_id=external_id(id_),
                search=fold(f"{venue.name} {venue.city}"),
            )

    async def _venues(self, entries: Sequence[VenueEntry]) -> list[Venue | None]:
        venues = [venue_of(entry) for entry in entries]
        vague = [venue for venue in venues if venue and not venue.time_zone]
        if vague:
            rows = await self._database.fetch(
                q.time_zones_at,
                latitudes=[venue.location.latitude for venue in vague],
                longitudes=[venue.location.longitude for venue in vague],
            )
            for venue, row in zip(vague, rows, strict=True):
                venue.time_zone = row["time_zone"] or ""
        return [venue if venue and venue.time_zone else None for venue in venues]

    async def _ask(
        self,
        after: str | None,
        limit: int,
        page: Callable[[Ticketmaster, RemotePlace], Awaitable[tuple[list[T | None], bool]]],
    ) -> Findings[T] | None:
        """The provider's findings; None where our own catalogue is to answer.

        Its entries that we cannot use are left out; where that leaves none of a page, the next one is looked at.
        """
        place = parse_place(after)
        if place is not None and not isinstance(place, RemotePlace):
            return None  # the list began in our own catalogue, and goes on there
        at = RemotePlace(limit, 0) if place is None else RemotePlace(place.size, place.number + 1)
        found: list[Found[T]] = []
        more = at.number // at.size * at.size < DEEPEST
        for _ in range(_MOST_PAGES):
            if found or not more:
                break
            answer = await self._try(lambda provider, at=at: page(provider, at))
            if answer is None:
                return None
            entries, more = answer
            start = at.number // at.size * at.size
            numbered = [(RemotePlace(at.size, start + n), entry) for n, entry in enumerate(entries)]
            usable = [(p.text, e) for p, e in numbered if e is not None and p.number >= at.number]
            found = [Found(text, entry) for text, entry in usable[:limit]]
            at = RemotePlace(at.size, start + at.size)
            more = len(usable) > limit or (more and at.number < DEEPEST)
        return Findings(found, more and bool(found))

    async def _try(self, call: Callable[[Ticketmaster], Awaitable[T]]) -> T | None:
        if self._provider is None or not self._breaker.admits(time.monotonic()):
            return None
        try:
            answer = await call(self._provider)
        except NoAnswer as error:
            self._breaker.failed(time.monotonic(), wait=error.wait)
            log.warning("discovery provider gives no answer", provider=PROVIDER, why=str(error))
            return None
        self._breaker.succeeded()
        return answer

    async def _told(self, call: Callable[[Ticketmaster], Awaitable[T | None]]) -> T | None:
        async def answer(provider: Ticketmaster) -> list[T | None]:
            return [await call(provider)]

        told = await self._try(answer)
        if told is None:
            raise Unavailable(
                "Ticketmaster, where this artist or venue was found, does not answer. Try again shortly,"
                " or choose one of our own catalogue."
            )
        return told[0]


async def _each(ids: Sequence[str], adopt: Callable[[str], Awaitable[None]]) -> None:
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(id_: str) -> None:
        async with slots:
            await adopt(id_)

    await asyncio.gather(*(one(id_) for id_ in ids))
