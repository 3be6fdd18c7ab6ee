"""Batched reads: one call for all keys of a request, results in key order."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from strawberry.dataloader import DataLoader

from services.campaigns.subgraph.backend import Artist, Campaign, CampaignKeys, CampaignsBackend, Venue
from services.campaigns.subgraph.markdown_loaders import Rendered
from services.campaigns.subgraph.promoters_backend import Promoter, PromotersBackend
from services.campaigns.subgraph.uploads_backend import Upload, UploadsBackend
from services.kit.access import Access
from services.kit.graphql import Caller, Context
from services.kit.loaders import by_key, from_mapping
from services.kit.upstream import Upstream


class Key(NamedTuple):
    """One way to name a campaign: its own id or slug, or the id of a market or event that belongs to it."""

    kind: Literal["id", "slug", "market", "event"]
    value: str


@dataclass(kw_only=True)
class CampaignsContext(Context):
    """What a resolver of this subgraph knows of its request.

    `campaign_by_key` serves campaigns, markets and events alike: all that a request wants of them is one call.
    """

    backend: CampaignsBackend
    campaign_by_key: DataLoader[Key, Campaign | None]
    venue_by_id: DataLoader[str, Venue | None]
    artist_by_id: DataLoader[str, Artist | None]
    rendered: Rendered
    promoters: PromotersBackend
    promoter_by_id: DataLoader[str, Promoter | None]
    uploads: UploadsBackend
    upload_by_id: DataLoader[str, Upload | None]


def make_context(
    caller: Caller, upstream: Upstream, access: Access, *, rendered: Rendered
) -> CampaignsContext:
    """The context of one request; `rendered` is kept from one to the next."""
    actor = caller.principal.user_id if caller.principal else None
    backend, uploads = CampaignsBackend(upstream, actor), UploadsBackend(upstream, actor)
    promoters = PromotersBackend(upstream, actor)
    return CampaignsContext(
        **vars(caller),
        access=access,
        backend=backend,
        campaign_by_key=_campaign_by_key(backend),
        venue_by_id=by_key(backend.venues, lambda venue: venue.id),
        artist_by_id=by_key(backend.artists, lambda artist: artist.id),
        rendered=rendered,
        promoters=promoters,
        promoter_by_id=by_key(promoters.promoters, lambda promoter: promoter.id),
        uploads=uploads,
        upload_by_id=by_key(uploads.uploads, lambda upload: upload.id),
    )


def _campaign_by_key(backend: CampaignsBackend) -> DataLoader[Key, Campaign | None]:
    async def find(keys: list[Key]) -> dict[Key, Campaign]:
        wanted = CampaignKeys(
            ids=[key.value for key in keys if key.kind == "id"],
            slugs=[key.value for key in keys if key.kind == "slug"],
            market_ids=[key.value for key in keys if key.kind == "market"],
            event_ids=[key.value for key in keys if key.kind == "event"],
        )
        found: dict[Key, Campaign] = {}
        for campaign in await backend.campaigns(wanted):
            found[Key("id", campaign.id)] = found[Key("slug", campaign.slug)] = campaign
            found.update((Key("market", market.id), campaign) for market in campaign.markets)
            found.update((Key("event", event.id), campaign) for event in campaign.events)
        return found

    return from_mapping(find)
