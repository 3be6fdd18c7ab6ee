"""The Campaign Service's REST API: parse, call one function, return."""

from services.campaigns.backend import (
    catalogue_routes,
    clones_routes,
    input_rules,
    lint_routes,
    markets_routes,
    promoters_routes,
    uploads_routes,
    wire,
)
from services.kit.paging import Page
from services.kit.privacy import privacy_api
from services.kit.rest import Api, Call

api = Api("Campaign Service", "1.0.0")


@api.post("/campaigns/batch", wire.CampaignKeys, wire.Campaigns)
async def get_campaigns(call: Call[wire.CampaignKeys]) -> wire.Campaigns:
    """Reads whole campaigns by id, slug, market id or event id; unknown keys are left out."""
    return wire.Campaigns(await call.service.store.campaigns(call.body))


@api.post("/campaigns/search", wire.CampaignQuery, Page[wire.Listed])
async def search_campaigns(call: Call[wire.CampaignQuery]) -> Page[wire.Listed]:
    """Lists campaigns: public ones, and those that the caller may read before the public does."""
    return await call.service.store.page(call.body)


@api.post("/campaigns", wire.NewCampaign, wire.Changed, status=201)
async def create_campaign(call: Call[wire.NewCampaign]) -> wire.Changed:
    """Creates a draft; the same `idempotency_key` with the same body answers what the first call answered."""
    input_rules.check_new_campaign(call.body)
    await call.service.discovery.adopt_artists(call.body.artist_ids or [])
    return await call.service.store.create(call.require_actor(), call.body)


@api.post("/campaigns/{id}", wire.CampaignUpdate, wire.Changed)
async def update_campaign(call: Call[wire.CampaignUpdate]) -> wire.Changed:
    """Changes the members that are given."""
    input_rules.check_update(call.body)
    await call.service.discovery.adopt_artists(call.body.artist_ids or [])
    return await call.service.store.update(call.require_actor(), call.path("id"), call.body)


@api.post("/campaigns/{id}/transitions", wire.Transition, wire.Changed)
async def transition_campaign(call: Call[wire.Transition]) -> wire.Changed:
    """Moves a campaign to another state of its life; the other services know when this answers."""
    return await call.service.store.transition(call.require_actor(), call.path("id"), call.body)


@api.post("/campaigns/{id}/contents", wire.ContentWrite, wire.Changed)
async def set_campaign_content(call: Call[wire.ContentWrite]) -> wire.Changed:
    """Replaces a campaign's texts in one locale."""
    input_rules.check_content(call.body)
    return await call.service.store.set_content(call.require_actor(), call.path("id"), call.body)


@api.post("/campaigns/{id}/gate", wire.GateWrite, wire.Changed)
async def set_gate(call: Call[wire.GateWrite]) -> wire.Changed:
    """Replaces a campaign's gate; null lets everybody in."""
    input_rules.check_gate(call.body.gate)
    return await call.service.store.set_gate(call.require_actor(), call.path("id"), call.body)


api.include(clones_routes.api)
api.include(lint_routes.api)
api.include(markets_routes.api)
api.include(catalogue_routes.api)
api.include(uploads_routes.api)
api.include(promoters_routes.api)
api.include(privacy_api("Campaign Service"))
