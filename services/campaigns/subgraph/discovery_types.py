"""Discovery: the searches for artists and venues."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

import strawberry

from services.campaigns.subgraph import backend
from services.campaigns.subgraph.catalogue_types import Artist, NearInput, Venue
from services.kit.access import Permission
from services.kit.paging import Connection, Page, connect, decode_cursor, page_size
from services.kit.types import CountryCode

Info = strawberry.Info[Any, Any]
T = TypeVar("T")
N = TypeVar("N")

_FALLBACK = (
    "True when the provider that this platform searches did not answer, so that these are from the platform's own"
    " catalogue alone: less than there is. Each item says in `source` where it is from."
)
First = Annotated[int, strawberry.argument(description="How many at most, 1 to 100.")]
After = Annotated[
    str | None,
    strawberry.argument(
        description="Only those after this cursor. Where the provider fails between two pages, the list begins again in"
        " the platform's own catalogue, and says so in `fallback`."
    ),
]


@strawberry.type(description="A page of artists.")
class ArtistConnection(Connection[Artist]):
    fallback: bool = strawberry.field(description=_FALLBACK)


@strawberry.type(description="A page of venues.")
class VenueConnection(Connection[Venue]):
    fallback: bool = strawberry.field(description=_FALLBACK)


@strawberry.field(
    description="Artists by name, most alike first; typing errors are forgiven. Whoever may edit campaigns searches"
    " the platform's provider, too, where it has one. Give the `id` of any of them to a campaign."
)
async def artists(
    info: Info,
    search: Annotated[str, strawberry.argument(description="A name, or part of one.")],
    first: First = 20,
    after: After = None,
) -> ArtistConnection:
    query = {
        "search": search,
        "widely": await _widely(info),
        "limit": page_size(first),
        "after": decode_cursor(after),
    }
    found = await info.context.backend.search_artists(query)
    return ArtistConnection(**_page(found, Artist.of, after), fallback=found.fallback)


@strawberry.field(
    description="Venues: nearest first with `near`, else most alike to `search`, else by name. Whoever may edit"
    " campaigns searches the platform's provider, too, where it has one. Give the `id` of any of them to a market."
)
async def venues(
    info: Info,
    search: Annotated[str | None, strawberry.argument(description="A name or city, or part of one.")] = None,
    country: Annotated[CountryCode | None, strawberry.argument(description="Only in this country.")] = None,
    near: Annotated[NearInput | None, strawberry.argument(description="Only within this circle.")] = None,
    first: First = 20,
    after: After = None,
) -> VenueConnection:
    query = {
        "search": search,
        "country": country,
        "near": near and asdict(near),
        "widely": await _widely(info),
        "limit": page_size(first),
        "after": decode_cursor(after),
    }
    found = await info.context.backend.search_venues(query)
    return VenueConnection(**_page(found, Venue.of, after), fallback=found.fallback)


async def _widely(info: Info) -> bool:
    """The provider counts its questions: they are for those who set campaigns up."""
    return bool(await info.context.access.reach(Permission.CAMPAIGN_WRITE))


def _page(found: backend.Findings[T], node: Callable[[T], N], after: str | None) -> dict[str, Any]:
    page = Page(found.items, found.has_next)
    connection = connect(page, key=lambda one: one.place, node=lambda one: node(one.item), after=after)
    return {"edges": connection.edges, "page_info": connection.page_info}
