"""Routes of the catalogue: venues and artists."""

from services.campaigns.backend import catalogue_wire
from services.kit.rest import Api, Call

api = Api("Campaign Service: catalogue", "1.0.0")


@api.post("/venues/batch", catalogue_wire.Ids, catalogue_wire.Venues)
async def get_venues(call: Call[catalogue_wire.Ids]) -> catalogue_wire.Venues:
    """Reads venues by id; unknown ids are left out."""
    return catalogue_wire.Venues(await call.service.catalogue.venues(call.body.ids))


@api.post("/venues/search", catalogue_wire.VenueQuery, catalogue_wire.Findings[catalogue_wire.Venue])
async def search_venues(
    call: Call[catalogue_wire.VenueQuery],
) -> catalogue_wire.Findings[catalogue_wire.Venue]:
    """Finds venues by name and city (typing errors forgiven), country and distance; `widely`, by the provider."""
    return await call.service.discovery.search_venues(call.body)


@api.post("/artists/batch", catalogue_wire.Ids, catalogue_wire.Artists)
async def get_artists(call: Call[catalogue_wire.Ids]) -> catalogue_wire.Artists:
    """Reads artists by id; unknown ids are left out."""
    return catalogue_wire.Artists(await call.service.catalogue.artists(call.body.ids))


@api.post("/artists/search", catalogue_wire.ArtistQuery, catalogue_wire.Findings[catalogue_wire.Artist])
async def search_artists(
    call: Call[catalogue_wire.ArtistQuery],
) -> catalogue_wire.Findings[catalogue_wire.Artist]:
    """Finds artists by name, typing errors forgiven; `widely`, by the provider."""
    return await call.service.discovery.search_artists(call.body)
