"""The User Service's REST API: parse, call one function, return."""

from services.kit.access import AccessAnswers, AccessChecks
from services.kit.rest import Api, Call
from services.users.backend import wire

api = Api("User Service", "1.0.0")


@api.post("/users/batch", wire.UserIds, wire.Users)
async def get_users(call: Call[wire.UserIds]) -> wire.Users:
    """Reads users by id; unknown ids are left out."""
    return wire.Users(await call.service.store.users(call.body.ids))


@api.post("/users/session", wire.Identity, wire.User)
async def open_session(call: Call[wire.Identity]) -> wire.User:
    """Makes the user of a verified token at first sight, follows changed claims, and answers her."""
    await call.service.store.sight([call.body])
    [user] = await call.service.store.users([call.body.user_id])
    return user


@api.post("/users/sightings", wire.Sightings)
async def sight_users(call: Call[wire.Sightings]) -> None:
    """Makes the users that other services saw registering. Safe to repeat."""
    await call.service.store.sight(call.body.sightings)


@api.put("/snapshots/campaigns", wire.CampaignSnapshots)
async def keep_campaigns(call: Call[wire.CampaignSnapshots]) -> None:
    """Keeps whose each campaign is; versions not newer than the kept one change nothing."""
    await call.service.store.keep_campaigns(call.body.campaigns)


@api.post("/access/check", AccessChecks, AccessAnswers)
async def check_access(call: Call[AccessChecks]) -> AccessAnswers:
    """Answers permission questions, in order, by the role bindings of this moment."""
    return AccessAnswers(await call.service.store.check_access(call.body.checks))
