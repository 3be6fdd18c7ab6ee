"""The wire format of the catalogue: venues and artists."""

from typing import Annotated, Generic, TypeVar

from msgspec import Meta, Struct

from services.kit.wire import Whole

T = TypeVar("T")
Search = Annotated[str, Meta(max_length=200)]


class GeoPoint(Struct):
    """Degrees, WGS 84."""

    latitude: float
    longitude: float


class Venue(Struct):
    """A place of the catalogue; `time_zone` is an IANA name; `source` says which catalogue."""

    id: str
    name: str
    city: str
    country: str
    time_zone: str
    location: GeoPoint
    capacity: Whole | None
    source: str = "catalogue"


class Artist(Struct):
    """An artist of the catalogue; `source` says which catalogue."""

    id: str
    name: str
    image_url: str | None
    source: str


class Ids(Struct):
    ids: list[str]


class Venues(Struct):
    """Found venues, in no particular order; unknown ids are left out."""

    venues: list[Venue]


class Artists(Struct):
    """Found artists, in no particular order; unknown ids are left out."""

    artists: list[Artist]


class Near(Struct):
    """Within `radius_km` of a point."""

    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    radius_km: Annotated[float, Meta(gt=0, le=20_000)]


class VenueQuery(Struct):
    """Which venues to list: nearest first with `near`, else the most alike to `search`, else by name. `widely`: the
    provider's, too.
    """

    search: Search | None = None
    country: str | None = None
    near: Near | None = None
    widely: bool = False
    after: str | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class ArtistQuery(Struct):
    """Which artists to list, the most alike first. `widely`: the provider's, too."""

    search: Search
    widely: bool = False
    after: str | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class Found(Struct, Generic[T]):
    """Something found, and its place in the list: pass the last one's as `after` for the next page."""

    place: str
    item: T


class Findings(Struct, Generic[T]):
    """A page of what was found. `fallback`: the provider did not answer, and our own catalogue did."""

    items: list[Found[T]]
    has_next: bool
    fallback: bool = False
