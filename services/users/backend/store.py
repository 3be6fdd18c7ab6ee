"""All SQL of the User Service: typed twins of `queries.sql`. Personal data is sealed on the way in, opened on the way out."""

from collections.abc import Sequence
from pathlib import Path

from services.kit.access import AccessCheck
from services.kit.outbox import Outbox
from services.kit.pg import Database, Queries, Row
from services.kit.sealing import LookupKey, Sealer
from services.users.backend import rules, wire

q = Queries(Path(__file__).with_name("queries.sql"))


class Store:
    """The users database."""

    def __init__(self, database: Database, sealer: Sealer, lookup: LookupKey, outbox: Outbox) -> None:
        self._database = database
        self._sealer = sealer
        self._lookup = lookup
        self._outbox = outbox

    async def sight(self, identities: Sequence[wire.Identity]) -> None:
        """Makes the users that are not there yet and follows changed claims; safe to repeat and to run at the same time."""
        await self._database.execute(
            q.sight_users,
            ids=[i.user_id for i in identities],
            issuers=[i.issuer for i in identities],
            subjects=[i.subject for i in identities],
            member_ids=[i.member_id for i in identities],
            emails_sealed=[self._seal(i.email, "user.email") for i in identities],
            emails_lookup=[self._lookup.digest("email", i.email.lower()) if i.email else None for i in identities],
            names_sealed=[self._seal(i.name, "user.name") for i in identities],
            locales=[i.locale for i in identities],
            countries=[i.country for i in identities],
        )

    async def users(self, ids: Sequence[str]) -> list[wire.User]:
        """The users of these ids, as far as they exist."""
        return [self._user(row) for row in await self._database.fetch(q.users_by_id, ids=list(ids))]

    async def keep_campaigns(self, campaigns: Sequence[wire.CampaignSnapshot]) -> None:
        """Keeps whose each campaign is; older versions change nothing."""
        newest = {c.id: c for c in sorted(campaigns, key=lambda c: c.version)}.values()
        await self._database.execute(
            q.keep_campaigns,
            ids=[c.id for c in newest],
            team_ids=[c.team_id for c in newest],
            versions=[c.version for c in newest],
        )

    async def check_access(self, checks: Sequence[AccessCheck]) -> list[bool]:
        """Answers each question by the bindings of this very moment."""
        rows = await self._database.fetch(
            q.check_access,
            user_ids=[c.user_id for c in checks],
            roles=[",".join(rules.roles_with(c.permission)) for c in checks],
            team_ids=[c.team_id for c in checks],
            campaign_ids=[c.campaign_id for c in checks],
        )
        return [row["allowed"] for row in rows]

    def _seal(self, value: str | None, context: str) -> bytes | None:
        return None if value is None else self._sealer.seal(value, context)

    def _user(self, row: Row) -> wire.User:
        return wire.User(
            id=row["id"],
            global_user_id=row["subject"],
            member_id=row["member_id"],
            email=self._sealer.open_text(row["email_sealed"], "user.email"),
            phone=self._sealer.open_text(row["phone_sealed"], "user.phone"),
            phone_verified_at=row["phone_verified_at"],
            display_name=self._sealer.open_text(row["name_sealed"], "user.name"),
            locale=row["locale"],
            country=row["country"],
            do_not_sell=row["do_not_sell"],
            privacy_source=row["privacy_source"],
            privacy_updated_at=row["privacy_updated_at"],
            created_at=row["created_at"],
        )
