"""Routes of markets and events."""

from services.campaigns.backend import input_rules, wire
from services.kit.rest import Api, Call

api = Api("Campaign Service: markets", "1.0.0")


@api.post("/campaigns/{id}/markets", wire.MarketWrite, wire.Changed)
async def put_market(call: Call[wire.MarketWrite]) -> wire.Changed:
    """Adds a market to a campaign, or with `id` replaces one of its markets."""
    input_rules.check_market(call.body)
    await call.service.discovery.adopt_venue(call.body.venue_id)
    return await call.service.markets.put_market(call.require_actor(), call.path("id"), call.body)


@api.post("/campaigns/{id}/markets/removals", wire.Removal, wire.Changed)
async def remove_market(call: Call[wire.Removal]) -> wire.Changed:
    """Removes a market with its events, as long as no fan can have chosen it."""
    return await call.service.markets.remove_market(call.require_actor(), call.path("id"), call.body)


@api.post("/campaigns/{id}/events", wire.EventWrite, wire.Changed)
async def put_event(call: Call[wire.EventWrite]) -> wire.Changed:
    """Adds an event to one of a campaign's markets, or with `id` replaces one."""
    input_rules.check_event(call.body)
    return await call.service.markets.put_event(call.require_actor(), call.path("id"), call.body)


@api.post("/campaigns/{id}/events/removals", wire.Removal, wire.Changed)
async def remove_event(call: Call[wire.Removal]) -> wire.Changed:
    """Removes an event, as long as no fan can have chosen it."""
    return await call.service.markets.remove_event(call.require_actor(), call.path("id"), call.body)
