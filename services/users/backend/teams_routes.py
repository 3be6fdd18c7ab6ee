"""The User Service's REST API about teams and roles."""

from services.kit.rest import Api, Call
from services.users.backend import wire

api = Api("User Service", "1.0.0")


@api.post("/teams", wire.NewTeam, wire.TeamAnswer, status=201)
async def create_team(call: Call[wire.NewTeam]) -> wire.TeamAnswer:
    """Opens a team that the actor owns."""
    return await call.service.teams.create(call.require_actor(), call.body)


@api.post("/teams/visible", wire.View, wire.Teams)
async def get_teams(call: Call[wire.View]) -> wire.Teams:
    """Reads teams by id, as far as the viewer has a role there."""
    return wire.Teams(await call.service.teams.visible(call.body.viewer_id, call.body.ids))


@api.post("/teams/roles", wire.View, wire.Bindings)
async def get_roles_of_teams(call: Call[wire.View]) -> wire.Bindings:
    """Reads the live role bindings of teams, as far as the viewer has a role there."""
    return wire.Bindings(await call.service.teams.bindings_of_teams(call.body.viewer_id, call.body.ids))


@api.post("/users/roles", wire.View, wire.Bindings)
async def get_roles_of_users(call: Call[wire.View]) -> wire.Bindings:
    """Reads the live role bindings of users: the viewer's own, and those on teams where she has a role."""
    return wire.Bindings(await call.service.teams.bindings_of_users(call.body.viewer_id, call.body.ids))


@api.post("/teams/{id}/members", wire.NewMember, wire.BindingAnswer, status=201)
async def add_team_member(call: Call[wire.NewMember]) -> wire.BindingAnswer:
    """Gives a user a role on the whole team."""
    new = call.body
    grant = wire.Grant(
        user_id=new.user_id, role=new.role, team_id=call.path("id"), idempotency_key=new.idempotency_key
    )
    return await call.service.teams.grant(call.require_actor(), grant, "addTeamMember")


@api.post("/teams/{id}/join", None, wire.Team)
async def join_team(call: Call[None]) -> wire.Team:
    """Has the actor take the place that she was given; from now on her colleagues see who she is. Safe to repeat."""
    return await call.service.teams.join(call.require_actor(), call.path("id"))


@api.delete("/teams/{id}/members/{user_id}", wire.Team)
async def remove_team_member(call: Call[None]) -> wire.Team:
    """Ends all that a user holds on a team and its campaigns."""
    return await call.service.teams.remove_member(call.require_actor(), call.path("id"), call.path("user_id"))


@api.post("/roles", wire.Grant, wire.BindingAnswer, status=201)
async def grant_role(call: Call[wire.Grant]) -> wire.BindingAnswer:
    """Grants a role on a team or campaign; the same grant again moves its expiry."""
    return await call.service.teams.grant(call.require_actor(), call.body)


@api.delete("/roles/{id}", wire.Binding)
async def revoke_role(call: Call[None]) -> wire.Binding:
    """Ends a role binding, with effect on the very next request."""
    return await call.service.teams.revoke(call.require_actor(), call.path("id"))
