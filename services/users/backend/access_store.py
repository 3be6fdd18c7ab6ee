"""All SQL about who may do what: typed twins of `access.sql`. Every answer is by the bindings of this very moment."""

from collections.abc import Sequence
from pathlib import Path

from services.kit.access import AccessCheck, Reach, ReachQuestion
from services.kit.pg import Database, Queries
from services.users.backend import rules, wire
from services.users.backend.teams_store import binding

q = Queries(Path(__file__).with_name("access.sql"))


class AccessStore:
    """Permission questions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def check(self, checks: Sequence[AccessCheck]) -> list[bool]:
        """Answers each question, in order, all in one statement."""
        rows = await self._database.fetch(
            q.check_access,
            user_ids=[c.user_id for c in checks],
            roles=[",".join(rules.roles_with(c.permission)) for c in checks],
            team_ids=[c.team_id for c in checks],
            campaign_ids=[c.campaign_id for c in checks],
        )
        return [row["allowed"] for row in rows]

    async def reach(self, question: ReachQuestion) -> Reach:
        """Where a user has a permission; what a whole team allows is not told again by campaign."""
        roles = sorted(rules.roles_with(question.permission))
        row = await self._database.fetchrow(q.reach, user_id=question.user_id, roles=roles)
        return Reach(row["team_ids"], row["campaign_ids"]) if row else Reach()

    async def campaigns(self, viewer: str, ids: Sequence[str]) -> list[wire.CampaignAccess]:
        """Whose these campaigns are and what the viewer may do on each, as far as they are known."""
        rows = await self._database.fetch(q.campaign_access, viewer=viewer, ids=list(ids))
        return [
            wire.CampaignAccess(
                row["id"],
                wire.Team(row["team_id"], row["team_name"]),
                sorted(rules.permissions_of(row["roles"])),
            )
            for row in rows
        ]

    async def explain(self, question: wire.AccessQuestion) -> wire.AccessExplanation:
        """The answer to one question with the binding that decides it."""
        rows = await self._database.fetch(
            q.bindings_over,
            user_id=question.user_id,
            team_id=question.team_id,
            campaign_id=question.campaign_id,
        )
        reaches = [
            rules.Reach(r["id"], r["role"], r["campaign_id"], r["expires_at"], r["live"]) for r in rows
        ]
        decisive, reason = rules.explain(reaches, question.permission)
        deciding = [binding(row) for row in rows if decisive and row["id"] == decisive.id]
        allowed = decisive is not None and decisive.live
        return wire.AccessExplanation(allowed, reason, deciding[0] if deciding else None)
