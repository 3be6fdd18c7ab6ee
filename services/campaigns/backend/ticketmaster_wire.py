"""The wire format of the Ticketmaster Discovery API v2, as far as it is read; everything may be missing but ids."""

from msgspec import Struct, field


class Image(Struct):
    """A picture in one size; `fallback` marks a generic one."""

    url: str
    width: int = 0
    ratio: str | None = None
    fallback: bool = False


class Attraction(Struct):
    """Somebody who performs."""

    id: str
    name: str | None = None
    images: list[Image] = field(default_factory=list[Image])


class _Named(Struct):
    name: str | None = None


class _Country(Struct):
    code: str | None = field(default=None, name="countryCode")


class _Location(Struct):
    latitude: str | None = None
    longitude: str | None = None


class VenueEntry(Struct):
    """A venue; what is not known is left out."""

    id: str
    name: str | None = None
    city: _Named | None = None
    country: _Country | None = None
    location: _Location | None = None
    timezone: str | None = None


class _Page(Struct):
    number: int = 0
    pages: int = field(default=0, name="totalPages")


class _Attractions(Struct):
    attractions: list[Attraction] = field(default_factory=list[Attraction])


class _Venues(Struct):
    venues: list[VenueEntry] = field(default_factory=list[VenueEntry])


class AttractionSheet(Struct):
    """A page of attractions."""

    page: _Page
    found: _Attractions = field(default_factory=_Attractions, name="_embedded")


class VenueSheet(Struct):
    """A page of venues."""

    page: _Page
    found: _Venues = field(default_factory=_Venues, name="_embedded")
