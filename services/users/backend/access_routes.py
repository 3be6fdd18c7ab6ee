"""The User Service's REST API about permissions."""

from services.kit.access import AccessAnswers, AccessChecks, Reach, ReachQuestion
from services.kit.rest import Api, Call
from services.users.backend import wire

api = Api("User Service", "1.0.0")


@api.post("/access/check", AccessChecks, AccessAnswers)
async def check_access(call: Call[AccessChecks]) -> AccessAnswers:
    """Answers permission questions, in order, by the role bindings of this moment."""
    return AccessAnswers(await call.service.access.check(call.body.checks))


@api.post("/access/reach", ReachQuestion, Reach)
async def get_reach(call: Call[ReachQuestion]) -> Reach:
    """Says where a user has a permission, by the role bindings of this moment."""
    return await call.service.access.reach(call.body)


@api.post("/access/campaigns", wire.View, wire.CampaignAccesses)
async def get_campaign_access(call: Call[wire.View]) -> wire.CampaignAccesses:
    """Reads whose campaigns are and what the viewer may do on each; unknown ones are left out."""
    return wire.CampaignAccesses(await call.service.access.campaigns(call.body.viewer_id, call.body.ids))


@api.post("/access/explain", wire.AccessQuestion, wire.AccessExplanation)
async def explain_access(call: Call[wire.AccessQuestion]) -> wire.AccessExplanation:
    """Says whether a user may do something, and which binding decides it."""
    return await call.service.access.explain(call.body)
