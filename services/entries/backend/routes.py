"""The Entry Service's REST API: parse, call one function, return."""

from services.entries.backend import (
    exports_routes,
    metrics_routes,
    redemptions_routes,
    reviews_routes,
    score_imports_routes,
    scores_routes,
    waves_routes,
    wire,
)
from services.kit.privacy import privacy_api
from services.kit.rest import Api, Call

api = Api("Entry Service", "1.0.0")


@api.put("/snapshots/campaigns", wire.CampaignSnapshots)
async def keep_campaigns(call: Call[wire.CampaignSnapshots]) -> None:
    """Keeps the terms of campaigns; versions not newer than the kept one change nothing.

    From the answer on, every registration obeys the new terms; after a close none follows.
    """
    await call.service.snapshots.keep_campaigns(call.body.campaigns)


@api.put("/snapshots/users", wire.UserSnapshots)
async def keep_users(call: Call[wire.UserSnapshots]) -> None:
    """Keeps users' gate facts, and accepts entries that waited for a phone now confirmed."""
    await call.service.snapshots.keep_users(call.body.users)


@api.post("/entries/submissions", wire.Submissions, wire.Outcomes)
async def submit_entries(call: Call[wire.Submissions]) -> wire.Outcomes:
    """Takes registrations of many fans at once; one outcome each, in order, none affecting another."""
    return wire.Outcomes(await call.service.submissions.submit(call.body.submissions))


@api.post("/entries/amend", wire.Amendment, wire.Entry)
async def amend_entry(call: Call[wire.Amendment]) -> wire.Entry:
    """Changes the wishes of the actor's own entry while the campaign is open."""
    return await call.service.changes.amend(call.actor, call.body)


@api.post("/entries/withdraw", wire.Withdrawal, wire.Entry)
async def withdraw_entry(call: Call[wire.Withdrawal]) -> wire.Entry:
    """Takes the actor's own entry back while the campaign is open; safe to repeat."""
    return await call.service.changes.withdraw(call.actor, call.body.id)


@api.post("/entries/batch", wire.EntryIds, wire.Entries)
async def get_entries(call: Call[wire.EntryIds]) -> wire.Entries:
    """Reads entries by id; unknown ids are left out."""
    return wire.Entries(await call.service.store.entries(call.body.ids))


@api.post("/entries/eligibility", wire.EntryIds, wire.Eligibilities)
async def get_eligibility_of_entries(call: Call[wire.EntryIds]) -> wire.Eligibilities:
    """Says why each entry cannot be selected, by entry id."""
    return wire.Eligibilities(await call.service.store.eligibility_of_entries(call.body.ids))


@api.post("/campaigns/viewer", wire.ViewerQuestions, wire.ViewerAnswers)
async def get_viewer_in_campaigns(call: Call[wire.ViewerQuestions]) -> wire.ViewerAnswers:
    """Reads what campaign pages show of one fan: her entries, and why she cannot enter, or be selected."""
    return await call.service.store.viewer(call.body)


@api.post("/campaigns/teams", wire.CampaignIds, wire.CampaignTeams)
async def get_teams_of_campaigns(call: Call[wire.CampaignIds]) -> wire.CampaignTeams:
    """Says whose each campaign is; unknown ids are left out."""
    return wire.CampaignTeams(await call.service.store.teams_of_campaigns(call.body.ids))


@api.post("/campaigns/entries", wire.PageRequests, wire.Pages)
async def list_entries_of_campaigns(call: Call[wire.PageRequests]) -> wire.Pages:
    """Reads pages of many campaigns' entries, oldest first."""
    return wire.Pages(await call.service.store.pages_of_campaigns(call.body.pages))


@api.post("/users/entries", wire.PageRequests, wire.Pages)
async def list_entries_of_users(call: Call[wire.PageRequests]) -> wire.Pages:
    """Reads pages of many users' entries, newest first."""
    return wire.Pages(await call.service.store.pages_of_users(call.body.pages))


api.include(waves_routes.api)
api.include(exports_routes.api)
api.include(metrics_routes.api)
api.include(redemptions_routes.api)
api.include(scores_routes.api)
api.include(reviews_routes.api)
api.include(score_imports_routes.api)
api.include(privacy_api("Entry Service"))
