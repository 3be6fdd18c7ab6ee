"""The Code Service's REST API: parse, call one function, return."""

from services.codes.backend import (
    deliveries_routes,
    distributions_jobs,
    holders_routes,
    imports_jobs,
    redemptions_routes,
    rules,
    voids_routes,
    webhooks_routes,
    wire,
)
from services.kit.errors import Invalid, Issue
from services.kit.privacy import privacy_api
from services.kit.rest import Api, Call

api = Api("Code Service", "1.0.0")


@api.put("/snapshots/campaigns", wire.CampaignSnapshots)
async def keep_campaigns(call: Call[wire.CampaignSnapshots]) -> None:
    """Keeps whose each campaign is and which events it has; versions not newer than the kept one change nothing."""
    await call.service.store.keep_campaigns(call.body.campaigns)


@api.post("/scopes", wire.ScopeQuestions, wire.Scopes)
async def get_scopes(call: Call[wire.ScopeQuestions]) -> wire.Scopes:
    """Answers whose events, pools, waves and selections are; waves without codes are looked up at the Entry Service."""
    return wire.Scopes(await distributions_jobs.scopes(call.service.store, call.service.peers, call.body))


@api.post("/pools", wire.NewPool, wire.PoolMade)
async def make_pool(call: Call[wire.NewPool]) -> wire.PoolMade:
    """Makes the pool of an event, or answers the one that it has."""
    return await call.service.store.make_pool(call.require_actor(), call.body)


@api.post("/pools/batch", wire.PoolQuestions, wire.Pools)
async def get_pools(call: Call[wire.PoolQuestions]) -> wire.Pools:
    """Reads pools with their counts, by their ids or their events'; unknown ids are left out."""
    return wire.Pools(await call.service.store.pools(call.body.ids, call.body.event_ids))


@api.post("/pools/{id}/codes", wire.NewCodes, wire.CodesMade)
async def generate_codes(call: Call[wire.NewCodes]) -> wire.CodesMade:
    """Adds freshly generated codes to a pool."""
    if not 1 <= call.body.count <= rules.MOST_GENERATED:
        message = f"count must be 1 to {rules.MOST_GENERATED}. Call again for more."
        raise Invalid([Issue(["count"], "OUT_OF_RANGE", message)], message)
    return await call.service.store.generate(call.require_actor(), call.path("id"), call.body)


@api.post("/pools/{id}/imports", wire.NewImport, wire.ImportStarted)
async def start_import(call: Call[wire.NewImport]) -> wire.ImportStarted:
    """Starts the import of a file of codes: poll the import that is answered."""
    return await imports_jobs.start(call.service, call.require_actor(), call.path("id"), call.body)


@api.post("/imports/batch", wire.ImportIds, wire.Imports)
async def get_imports(call: Call[wire.ImportIds]) -> wire.Imports:
    """Reads imports by id; unknown ids are left out."""
    return wire.Imports(await call.service.imports.imports(call.body.ids))


@api.post("/imports/errors", wire.ImportErrorQuestions, wire.ImportErrors)
async def get_import_errors(call: Call[wire.ImportErrorQuestions]) -> wire.ImportErrors:
    """Reads lines of each import that were not taken, and why."""
    return wire.ImportErrors(await call.service.imports.errors(call.body))


@api.post("/distributions", wire.NewDistribution, wire.DistributionStarted)
async def start_distribution(call: Call[wire.NewDistribution]) -> wire.DistributionStarted:
    """Starts giving a finalized wave's winners their codes, once: repeated, it answers the same distribution."""
    entries = call.service.peer("entries")
    return await distributions_jobs.start(
        call.service.distributions, entries, call.require_actor(), call.body
    )


@api.post("/distributions/batch", wire.DistributionQuestions, wire.Distributions)
async def get_distributions(call: Call[wire.DistributionQuestions]) -> wire.Distributions:
    """Reads distributions by their ids or their waves'; unknown ids are left out."""
    store = call.service.distributions
    return wire.Distributions(await store.distributions(call.body.ids, call.body.wave_ids))


@api.post("/codes/batch", wire.CodeQuestions, wire.Codes)
async def get_codes(call: Call[wire.CodeQuestions]) -> wire.Codes:
    """Reads codes, masked, by id, selection or entry; in clear only those that the actor owns and that are released."""
    return wire.Codes(await call.service.store.codes(call.body, call.actor))


@api.post("/codes/reveal", wire.Reveal, wire.Revealed)
async def reveal_code(call: Call[wire.Reveal]) -> wire.Revealed:
    """Answers a selection's code in clear and writes that into the audit log."""
    return await call.service.store.reveal(call.require_actor(), call.body.selection_id)


api.include(deliveries_routes.api)
api.include(holders_routes.api)
api.include(redemptions_routes.api)
api.include(voids_routes.api)
api.include(webhooks_routes.api)
api.include(privacy_api("Code Service"))
