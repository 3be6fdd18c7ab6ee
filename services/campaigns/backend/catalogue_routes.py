"""Routes of the catalogue: venues and artists."""

from services.campaigns.backend import wire
from services.kit.paging import Page
from services.kit.rest import Api, Call

api = Api("Campaign Service: catalogue", "1.0.0")


@api.post("/venues/batch", wire.Ids, wire.Venues)
async def get_venues(call: Call[wire.Ids]) -> wire.Venues:
    """Reads venues by id; unknown ids are left out."""
    return wire.Venues(await call.service.catalogue.venues(call.body.ids))


@api.post("/venues/search", wire.VenueQuery, Page[wire.Venue])
async def search_venues(call: Call[wire.VenueQuery]) -> Page[wire.Venue]:
    """Finds venues by name and city (typing errors forgiven), country and distance."""
    return await call.service.catalogue.search_venues(call.body)


@api.post("/artists/batch", wire.Ids, wire.Artists)
async def get_artists(call: Call[wire.Ids]) -> wire.Artists:
    """Reads artists by id; unknown ids are left out."""
    return wire.Artists(await call.service.catalogue.artists(call.body.ids))


@api.post("/artists/search", wire.ArtistQuery, Page[wire.Artist])
async def search_artists(call: Call[wire.ArtistQuery]) -> Page[wire.Artist]:
    """Finds artists by name, typing errors forgiven."""
    return await call.service.catalogue.search_artists(call.body)
