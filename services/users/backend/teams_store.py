"""All SQL about teams and roles: typed twins of `teams.sql`.

Whoever changes a team's roles locks the team first. So the permissions that a change rests on, and the rule that a
team keeps an owner, still hold when it commits.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from services.kit.audit import Audited, audited
from services.kit.errors import DomainError, Forbidden, Invalid, Issue, NotFound
from services.kit.idempotency import once
from services.kit.ids import new_id
from services.kit.permissions import Permission
from services.kit.pg import Connection, Database, Queries, Row
from services.users.backend import rules, wire
from services.users.backend.audit_store import AuditStore

q = Queries(Path(__file__).with_name("teams.sql"))


class LastOwner(DomainError):
    """A team keeps at least one owner of the whole team whose role does not expire."""

    code = "LAST_OWNER"


class TeamsStore:
    """Teams and who holds which role on them."""

    def __init__(self, database: Database, audit: AuditStore) -> None:
        self._database = database
        self._audit = audit

    async def visible(self, viewer: str, ids: Sequence[str]) -> list[wire.Team]:
        """The ones of these teams where the viewer has a role."""
        rows = await self._database.fetch(q.visible_teams, viewer=viewer, ids=list(ids))
        return [wire.Team(row["id"], row["name"]) for row in rows]

    async def bindings_of_teams(self, viewer: str, ids: Sequence[str]) -> list[wire.Binding]:
        """The live bindings of these teams, as far as the viewer has a role there."""
        rows = await self._database.fetch(q.bindings_of_teams, viewer=viewer, team_ids=list(ids))
        return [binding(row) for row in rows]

    async def bindings_of_users(self, viewer: str, ids: Sequence[str]) -> list[wire.Binding]:
        """The live bindings of these users that the viewer may see: her own, and those on teams she is in."""
        rows = await self._database.fetch(q.bindings_of_users, viewer=viewer, user_ids=list(ids))
        return [binding(row) for row in rows]

    async def create(self, actor: str, new: wire.NewTeam) -> wire.TeamAnswer:
        """A new team whose owner is the actor, who manages some team already. Raises Forbidden, Invalid,
        IdempotencyMismatch.
        """
        team = wire.Team(new_id("tea"), rules.clean_name(new.name, "name"))
        managing = rules.roles_with(Permission.TEAM_MANAGE)
        async with audited(self._database, self._audit, actor) as transaction:
            connection = transaction.connection
            if not await self._database.fetchval(
                q.manages_some_team, connection, user_id=actor, roles=managing
            ):
                raise Forbidden("Only who manages a team already can open another one.")

            async def add() -> wire.Team:
                await self._database.fetchval(q.add_team, connection, id=team.id, name=team.name)
                await self._insert(connection, actor, wire.Grant(user_id=actor, role="OWNER"), team.id)
                await self._database.fetchval(q.join_team, connection, team_id=team.id, user_id=actor)
                await transaction.note("createTeam", team.id, team_id=team.id, after=team)
                return team

            kept, replayed = await once(
                self._database,
                connection,
                actor=actor,
                operation="createTeam",
                key=new.idempotency_key,
                payload=team.name,
                returns=wire.Team,
                action=add,
            )
        return wire.TeamAnswer(kept, replayed)

    async def found(self, team: wire.Team, owner: str, roles: Mapping[str, wire.Role]) -> None:
        """A team with its first roles by user, who have joined it, without asking anybody: for an operator.

        What is there already stays.
        """
        async with audited(self._database, self._audit, owner) as transaction:
            connection = transaction.connection
            if not await self._database.fetchval(q.add_team, connection, id=team.id, name=team.name):
                return
            for user_id, role in roles.items():
                await self._insert(connection, owner, wire.Grant(user_id=user_id, role=role), team.id)
                await self._database.fetchval(q.join_team, connection, team_id=team.id, user_id=user_id)
            await self._keep_an_owner(connection, team.id)
            await transaction.note("createTeam", team.id, team_id=team.id, after=team)

    async def grant(self, actor: str, grant: wire.Grant, action: str = "grantRole") -> wire.BindingAnswer:
        """Grants a role on a team or campaign; the same grant again moves its expiry. `action` is the mutation's name.

        Raises NotFound, Forbidden, Invalid, LastOwner, IdempotencyMismatch.
        """
        async with audited(self._database, self._audit, actor) as transaction:
            connection = transaction.connection
            team_id = await self._team_of(connection, grant)
            await self._lock(connection, team_id)

            async def give() -> wire.Binding:
                return await self._give(transaction, grant, team_id, action)

            kept, replayed = await once(
                self._database,
                connection,
                actor=actor,
                operation=action,
                key=grant.idempotency_key,
                payload=msgspec.structs.replace(grant, idempotency_key=None),
                returns=wire.Binding,
                action=give,
            )
        return wire.BindingAnswer(kept, replayed)

    async def join(self, actor: str, team_id: str) -> wire.Team:
        """The actor takes the place that she was given in a team; again, it changes nothing. Raises NotFound."""
        async with audited(self._database, self._audit, actor) as transaction:
            connection = transaction.connection
            await self._database.fetchrow(q.lock_team, connection, id=team_id)
            row = await self._database.fetchrow(q.visible_teams, connection, viewer=actor, ids=[team_id])
            if row is None:
                raise NotFound("There is no such team, or none that you have a role in.", path=["teamId"])
            if await self._database.fetchval(q.join_team, connection, team_id=team_id, user_id=actor):
                await transaction.note("joinTeam", team_id, team_id=team_id, after={"user_id": actor})
        return wire.Team(row["id"], row["name"])

    async def revoke(self, actor: str, binding_id: str) -> wire.Binding:
        """Ends a binding: one's own, or one whose role the actor could grant. Raises NotFound, Forbidden, LastOwner."""
        async with audited(self._database, self._audit, actor) as transaction:
            connection = transaction.connection
            team_id = await self._database.fetchval(q.team_of_binding, connection, id=binding_id)
            if team_id is None:
                raise NotFound("There is no such role.", path=["id"])
            await self._lock(connection, team_id)
            row = await self._database.fetchrow(q.binding_by_id, connection, id=binding_id)
            held = await self._held(connection, actor, team_id, row["campaign_id"] if row else None)
            if row is None or (row["user_id"] != actor and not held):
                raise NotFound("There is no such role.", path=["id"])
            if row["user_id"] != actor and not rules.may_give(held, row["role"]):
                raise Forbidden("You can only revoke roles that you could grant there yourself.")
            await self._database.execute(q.revoke_role, connection, id=binding_id)
            await self._keep_an_owner(connection, team_id)
            ended = binding(row)
            await transaction.note(
                "revokeRole", ended.id, team_id=team_id, campaign_id=ended.campaign_id, before=ended
            )
        return ended

    async def remove_member(self, actor: str, team_id: str, user_id: str) -> wire.Team:
        """Ends all that a user holds on a team and its campaigns: one's own, or what the actor could grant.

        Raises NotFound, Forbidden, LastOwner.
        """
        async with audited(self._database, self._audit, actor) as transaction:
            connection = transaction.connection
            team = await self._lock(connection, team_id)
            rows = await self._database.fetch(
                q.bindings_of_member, connection, team_id=team_id, user_id=user_id
            )
            if not rows:
                raise NotFound("This user is no member of the team.", path=["userId"])
            held = await self._held(connection, actor, team_id, None)
            if user_id != actor and not all(rules.may_give(held, row["role"]) for row in rows):
                raise Forbidden("You can only remove members whose roles you could grant yourself.")
            await self._database.execute(q.remove_member, connection, team_id=team_id, user_id=user_id)
            await self._keep_an_owner(connection, team_id)
            before = [binding(row) for row in rows]
            await transaction.note("removeTeamMember", user_id, team_id=team_id, before=before)
        return team

    async def _give(self, transaction: Audited, grant: wire.Grant, team_id: str, action: str) -> wire.Binding:
        connection, actor = transaction.connection, transaction.actor
        held = await self._held(connection, actor, team_id, grant.campaign_id, grant)
        if not rules.may_give(held, grant.role):
            raise Forbidden(
                "You can only grant roles that allow nothing that you may not do there yourself, and for no longer."
            )
        if not await self._database.fetchval(q.user_exists, connection, id=grant.user_id):
            raise NotFound("There is no such user. She must have signed in once.", path=["userId"])
        before = await self._database.fetchrow(
            q.same_binding,
            connection,
            user_id=grant.user_id,
            role=grant.role,
            team_id=team_id,
            campaign_id=grant.campaign_id,
        )
        given = binding(await self._insert(connection, actor, grant, team_id))
        await self._keep_an_owner(connection, team_id)
        earlier = binding(before) if before else None
        await transaction.note(
            action, given.id, team_id=team_id, campaign_id=given.campaign_id, before=earlier, after=given
        )
        return given

    async def _insert(self, connection: Connection, actor: str, grant: wire.Grant, team_id: str) -> Row:
        row = await self._database.fetchrow(
            q.grant_role,
            connection,
            id=new_id("rol"),
            user_id=grant.user_id,
            role=grant.role,
            team_id=team_id,
            campaign_id=grant.campaign_id,
            expires_at=grant.expires_at,
            granted_by=actor,
        )
        if row is None:
            raise Invalid([Issue(["expires_at"], "IN_THE_PAST", "The end of a role must be in the future.")])
        return row

    async def _team_of(self, connection: Connection, grant: wire.Grant) -> str:
        if grant.campaign_id is None:
            if grant.team_id is None:
                raise Invalid([Issue(["team_id"], "REQUIRED", "Say on which team or which campaign.")])
            return grant.team_id
        owner = await self._database.fetchval(q.team_of_campaign, connection, id=grant.campaign_id)
        if owner is None or grant.team_id not in (None, owner):
            raise NotFound("There is no such campaign.", path=["campaignId"])
        return owner

    async def _lock(self, connection: Connection, team_id: str) -> wire.Team:
        row = await self._database.fetchrow(q.lock_team, connection, id=team_id)
        if row is None:
            raise NotFound("There is no such team.", path=["teamId"])
        return wire.Team(row["id"], row["name"])

    async def _held(
        self,
        connection: Connection,
        user_id: str,
        team_id: str,
        campaign_id: str | None,
        throughout: wire.Grant | None = None,
    ) -> list[str]:
        """The user's live roles; with `throughout` those that last as long as that grant."""
        rows = await self._database.fetch(
            q.roles_held,
            connection,
            user_id=user_id,
            team_id=team_id,
            campaign_id=campaign_id,
            for_good=throughout is not None and throughout.expires_at is None,
            until=throughout and throughout.expires_at,
        )
        return [row["role"] for row in rows]

    async def _keep_an_owner(self, connection: Connection, team_id: str) -> None:
        if not await self._database.fetchval(q.has_owner, connection, team_id=team_id):
            raise LastOwner("A team keeps at least one owner for good. Make somebody else owner first.")


def binding(row: Row) -> wire.Binding:
    """A row of role_binding as the wire shows it."""
    return wire.Binding(
        id=row["id"],
        user_id=row["user_id"],
        role=row["role"],
        team_id=row["team_id"],
        campaign_id=row["campaign_id"],
        expires_at=row["expires_at"],
        granted_by=row["granted_by"],
        created_at=row["created_at"],
        joined_at=row["joined_at"],
    )
