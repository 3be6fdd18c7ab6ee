"""The User Service's REST API about users: parse, call one function, return."""

from services.kit.errors import Forbidden
from services.kit.privacy import privacy_api
from services.kit.rest import Api, Call
from services.users.backend import (
    access_routes,
    audit_routes,
    consents_routes,
    contacts_routes,
    phone_routes,
    privacy_routes,
    proofs_routes,
    teams_routes,
    wire,
)

api = Api("User Service", "1.0.0")


@api.post("/users/visible", wire.View, wire.Users)
async def get_users(call: Call[wire.View]) -> wire.Users:
    """Reads users by id, as far as the viewer may see them.

    Users that are unknown or not the viewer's to see are left out.
    """
    return wire.Users(await call.service.store.visible(call.body.viewer_id, call.body.ids))


@api.post("/users/session", wire.Session, wire.User)
async def open_session(call: Call[wire.Session]) -> wire.User:
    """Makes the user of a verified token at first sight, follows changed claims, and answers her."""
    return await call.service.store.open_session(call.body)


@api.post("/users/sightings", wire.Sightings)
async def sight_users(call: Call[wire.Sightings]) -> None:
    """Makes the users that other services saw registering. Safe to repeat."""
    await call.service.store.sight(call.body.sightings)


@api.put("/users/{id}/profile", wire.Profile, wire.User)
async def update_profile(call: Call[wire.Profile]) -> wire.User:
    """Changes the actor's own name and locale; absent members stay."""
    return await call.service.store.update_profile(_own_id(call), call.body)


@api.put("/users/{id}/privacy", wire.Privacy, wire.User)
async def set_privacy(call: Call[wire.Privacy]) -> wire.User:
    """Sets whether the actor's own data may be sold or shared."""
    return await call.service.store.set_privacy(_own_id(call), call.body.do_not_sell)


@api.put("/snapshots/campaigns", wire.CampaignSnapshots)
async def keep_campaigns(call: Call[wire.CampaignSnapshots]) -> None:
    """Keeps whose each campaign is; versions not newer than the kept one change nothing."""
    await call.service.store.keep_campaigns(call.body.campaigns)


def _own_id(call: Call[wire.Profile] | Call[wire.Privacy]) -> str:
    user_id = call.path("id")
    if call.actor != user_id:
        raise Forbidden("Only the user herself may change this.")
    return user_id


for _part in (
    access_routes,
    audit_routes,
    consents_routes,
    contacts_routes,
    phone_routes,
    privacy_routes,
    proofs_routes,
    teams_routes,
):
    api.include(_part.api)
api.include(privacy_api("User Service"))
