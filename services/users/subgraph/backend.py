"""The User Service as this subgraph calls it: the only file that knows its HTTP paths."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from services.kit.paging import Page
from services.kit.upstream import Upstream, segment

T = TypeVar("T")


class User(msgspec.Struct):
    """A user as far as the viewer may see her; see the User Service's OpenAPI document."""

    id: str
    global_user_id: str
    member_id: str | None
    email: str | None
    phone: str | None
    phone_verified_at: datetime | None
    display_name: str | None
    locale: str | None
    country: str | None
    do_not_sell: bool
    privacy_source: str
    privacy_updated_at: datetime
    created_at: datetime
    sees_name: bool
    sees_contact: bool


class Identity(msgspec.Struct):
    """What a verified token says of its account, and what the browser signals."""

    user_id: str
    issuer: str
    subject: str
    email: str | None
    name: str | None
    member_id: str | None
    locale: str | None
    country: str | None
    do_not_sell_signal: bool
    issued_at: int


class PhoneStarted(msgspec.Struct):
    verification_id: str
    expires_at: datetime
    attempts_left: int
    resend_after_seconds: int
    replayed: bool = False


class Team(msgspec.Struct):
    id: str
    name: str


class Binding(msgspec.Struct):
    """A role of a user on a team, or on one campaign of it."""

    id: str
    user_id: str
    role: str
    team_id: str
    campaign_id: str | None
    expires_at: datetime | None
    granted_by: str
    created_at: datetime
    joined_at: datetime | None = None


class CampaignAccess(msgspec.Struct):
    """Whose a campaign is, and the names of what the viewer may do on it."""

    id: str
    team: Team
    permissions: list[str]


class Explanation(msgspec.Struct):
    allowed: bool
    reason: str
    binding: Binding | None


class AuditEntry(msgspec.Struct):
    """An admin action in its team's hash chain."""

    id: str
    team_id: str
    campaign_id: str | None
    sequence: int
    actor: str
    action: str
    target: str
    before: str | None
    after: str | None
    at: datetime
    request_id: str | None
    previous_hash: str
    hash: str


class TeamAnswer(msgspec.Struct):
    team: Team
    replayed: bool = False


class BindingAnswer(msgspec.Struct):
    binding: Binding
    replayed: bool = False


class _Users(msgspec.Struct):
    users: list[User]


class _Teams(msgspec.Struct):
    teams: list[Team]


class _Bindings(msgspec.Struct):
    bindings: list[Binding]


class _Campaigns(msgspec.Struct):
    campaigns: list[CampaignAccess]


class UsersBackend:
    """Calls of one request, on behalf of `actor`. Reads are as the actor may see things."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self._upstream = upstream
        self._actor = actor

    async def users(self, ids: Sequence[str]) -> list[User]:
        """Users by id; those that are unknown or not the actor's to see are left out."""
        return (await self._read("/users/visible", _Users, ids)).users

    async def open_session(self, identity: Identity) -> User:
        """The actor's own user, made at first sight."""
        return await self._send("POST", "/users/session", User, identity, idempotent=True)

    async def update_profile(self, changes: Mapping[str, str | None]) -> User:
        """Changes the actor's own name and locale; absent keys stay, None clears."""
        return await self._send("PUT", f"/users/{self._actor}/profile", User, changes)

    async def set_privacy(self, do_not_sell: bool) -> User:
        """Sets the actor's own choice."""
        return await self._send("PUT", f"/users/{self._actor}/privacy", User, {"do_not_sell": do_not_sell})

    async def start_phone(self, request: Mapping[str, str | None]) -> PhoneStarted:
        """Sends the actor a code."""
        return await self._send("POST", "/phone-verifications", PhoneStarted, request)

    async def confirm_phone(self, verification_id: str, code: str) -> User:
        """Judges a code that the actor typed."""
        path = f"/phone-verifications/{segment(verification_id)}/confirm"
        return await self._send("POST", path, User, {"code": code})

    async def teams(self, ids: Sequence[str]) -> list[Team]:
        """Teams by id, those where the actor has a role."""
        return (await self._read("/teams/visible", _Teams, ids)).teams

    async def roles_of_teams(self, ids: Sequence[str]) -> list[Binding]:
        """The live bindings of teams where the actor has a role."""
        return (await self._read("/teams/roles", _Bindings, ids)).bindings

    async def roles_of_users(self, ids: Sequence[str]) -> list[Binding]:
        """The live bindings of users that the actor may see."""
        return (await self._read("/users/roles", _Bindings, ids)).bindings

    async def campaigns(self, ids: Sequence[str]) -> list[CampaignAccess]:
        """Whose campaigns are and what the actor may do on each; unknown ones are left out."""
        return (await self._read("/access/campaigns", _Campaigns, ids)).campaigns

    async def create_team(self, name: str, idempotency_key: str | None) -> TeamAnswer:
        """Opens a team that the actor owns."""
        body = {"name": name, "idempotency_key": idempotency_key}
        return await self._send("POST", "/teams", TeamAnswer, body)

    async def grant_role(self, grant: Mapping[str, Any]) -> BindingAnswer:
        """Grants a role on a team or campaign."""
        return await self._send("POST", "/roles", BindingAnswer, grant)

    async def revoke_role(self, id: str) -> Binding:
        """Ends a role binding."""
        return await self._send("DELETE", f"/roles/{segment(id)}", Binding)

    async def add_member(self, team_id: str, member: Mapping[str, Any]) -> BindingAnswer:
        """Gives a user a role on a whole team."""
        return await self._send("POST", f"/teams/{segment(team_id)}/members", BindingAnswer, member)

    async def join_team(self, team_id: str) -> Team:
        """The actor takes the place that she was given in a team."""
        return await self._send("POST", f"/teams/{segment(team_id)}/join", Team)

    async def remove_member(self, team_id: str, user_id: str) -> Team:
        """Ends all that a user holds on a team."""
        path = f"/teams/{segment(team_id)}/members/{segment(user_id)}"
        return await self._send("DELETE", path, Team)

    async def explain(
        self, user_id: str, permission: str, team_id: str | None, campaign_id: str | None
    ) -> Explanation:
        """Whether a user may do something, and why."""
        question = {
            "user_id": user_id,
            "permission": permission,
            "team_id": team_id,
            "campaign_id": campaign_id,
        }
        return await self._send("POST", "/access/explain", Explanation, question, idempotent=True)

    async def audit_events(
        self, team_id: str, campaign_id: str | None, before: str | None, limit: int
    ) -> Page[AuditEntry]:
        """A team's admin actions, or those on one of its campaigns, newest first."""
        return await self._upstream.call(
            "GET",
            f"/teams/{segment(team_id)}/audit-events",
            Page[AuditEntry],
            actor=self._actor,
            params={"campaign_id": campaign_id, "before": before, "limit": limit},
        )

    async def _read(self, path: str, returns: type[T], ids: Sequence[str]) -> T:
        body = {"viewer_id": self._actor, "ids": ids}
        return await self._send("POST", path, returns, body, idempotent=True)

    async def _send(
        self, method: str, path: str, returns: type[T], body: Any = None, *, idempotent: bool = False
    ) -> T:
        return await self._upstream.call(
            method, path, returns, body, actor=self._actor, idempotent=idempotent
        )
