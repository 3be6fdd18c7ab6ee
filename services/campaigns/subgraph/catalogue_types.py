"""The catalogue's part of the graph: venues and artists."""

from typing import Any, Self

import strawberry

from services.campaigns.subgraph import backend
from services.kit.types import ID, URL, CountryCode

Info = strawberry.Info[Any, Any]


@strawberry.type(description="A point on Earth, WGS 84.")
class GeoPoint:
    latitude: float = strawberry.field(description="Degrees north, -90 to 90.")
    longitude: float = strawberry.field(description="Degrees east, -180 to 180.")

    @classmethod
    def of(cls, point: backend.GeoPoint) -> Self:
        """The graph's view of a point."""
        return cls(latitude=point.latitude, longitude=point.longitude)


@strawberry.federation.type(keys=["id"], description="A place where shows happen.")
class Venue:
    id: ID = strawberry.field(description="Opaque id.")
    name: str = strawberry.field(description="What people call it.")
    city: str = strawberry.field(description="The city it is in or near.")
    country: CountryCode = strawberry.field(description="The country it is in.")
    time_zone: str = strawberry.field(description="IANA time zone, to show local times: `America/New_York`.")
    location: GeoPoint | None = strawberry.field(description="Where it is.")
    capacity: int | None = strawberry.field(description="The largest usual number of seats for a concert.")
    source: str = strawberry.field(
        description="Where the entry comes from: `catalogue` came with the platform, `ticketmaster` was found there."
    )

    @classmethod
    async def resolve_reference(cls, info: Info, id: str) -> Self | None:
        venue = await info.context.venue_by_id.load(id)
        return None if venue is None else cls.of(venue)

    @classmethod
    def of(cls, venue: backend.Venue) -> Self:
        """The graph's view of what the Campaign Service answered."""
        return cls(
            id=ID(venue.id),
            name=venue.name,
            city=venue.city,
            country=CountryCode(venue.country),
            time_zone=venue.time_zone,
            location=GeoPoint.of(venue.location),
            capacity=venue.capacity,
            source=venue.source,
        )


@strawberry.federation.type(keys=["id"], description="Somebody who performs.")
class Artist:
    id: ID = strawberry.field(description="Opaque id.")
    name: str = strawberry.field(description="What the artist is called.")
    image_url: URL | None = strawberry.field(description="A picture.")
    source: str = strawberry.field(
        description="Where the entry comes from: `catalogue` came with the platform, `ticketmaster` was found there."
    )

    @classmethod
    async def resolve_reference(cls, info: Info, id: str) -> Self | None:
        artist = await info.context.artist_by_id.load(id)
        return None if artist is None else cls.of(artist)

    @classmethod
    def of(cls, artist: backend.Artist) -> Self:
        """The graph's view of what the Campaign Service answered."""
        return cls(
            id=ID(artist.id),
            name=artist.name,
            image_url=None if artist.image_url is None else URL(artist.image_url),
            source=artist.source,
        )


@strawberry.input(description="A circle on the map.")
class NearInput:
    latitude: float = strawberry.field(description="Degrees north of the middle, -90 to 90.")
    longitude: float = strawberry.field(description="Degrees east of the middle, -180 to 180.")
    radius_km: float = strawberry.field(description="How far from the middle, in kilometres.", default=100)
