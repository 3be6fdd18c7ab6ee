"""Promoters in SQL: typed twins of `promoters.sql`."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from services.campaigns.backend import promoters_wire as p
from services.campaigns.backend import rules, wire
from services.campaigns.backend.catalogue_rules import ALIKE, fold
from services.campaigns.backend.changes_store import Changes, explained
from services.campaigns.backend.promoters_rules import check_sharing
from services.kit import idempotency
from services.kit.audit import Audited, audited
from services.kit.errors import Conflict, Invalid, Issue, NotFound
from services.kit.ids import new_id
from services.kit.outbox import Outbox
from services.kit.paging import Page, cut
from services.kit.pg import Connection, Database, Queries

q = Queries(Path(__file__).with_name("promoters.sql"))
_decode = msgspec.json.Decoder(p.Promoter).decode


class PromoterStore:
    """The promoters of teams. What one changes, its campaigns show at once, and the other services know."""

    def __init__(self, database: Database, outbox: Outbox, changes: Changes) -> None:
        self._database = database
        self._outbox = outbox
        self._changes = changes

    async def promoters(self, ids: Sequence[str]) -> list[p.Promoter]:
        """The promoters of these ids, as far as they exist."""
        rows = await self._database.fetch(q.promoters_by_id, ids=list(ids))
        return [_decode(row["document"]) for row in rows]

    async def page(self, query: p.PromoterQuery) -> Page[p.Promoter]:
        """A page of the promoters that a caller may see, by name."""
        rows = await self._database.fetch(
            q.promoter_page,
            team_id=query.team_id,
            non_public=query.non_public,
            search=fold(query.search) if query.search and query.search.strip() else None,
            alike=ALIKE,
            after=query.after,
            limit=query.limit + 1,
        )
        return cut([_decode(row["document"]) for row in rows], query.limit)

    async def put(self, actor: str, write: p.PromoterWrite) -> p.Promoter:
        """Adds or replaces a promoter. Raises NotFound, Conflict, Invalid, IdempotencyMismatch."""
        async with explained(), audited(self._database, self._outbox, actor) as transaction:
            id_, _ = await idempotency.once(
                self._database,
                transaction.connection,
                actor=actor,
                operation="upsertPromoter",
                key=write.idempotency_key,
                payload=msgspec.structs.replace(write, idempotency_key=None),
                returns=str,
                action=lambda: self._put(transaction, write),
            )
        [promoter] = await self.promoters([id_])
        return promoter

    async def default_locale(self, connection: Connection, promoter_id: str, team_id: str) -> str:
        """What campaigns of a team's promoter begin with. Raises Invalid."""
        found = await self._database.fetchval(
            q.default_locale_of, connection, id=promoter_id, team_id=team_id
        )
        if found is None:
            raise _unknown()
        return found

    async def assign(self, connection: Connection, campaign_id: str, promoter_id: str | None) -> None:
        """Gives a claimed campaign a promoter of its team, or none. Raises Invalid."""
        if promoter_id is None:
            await self._database.execute(q.dismiss_promoter, connection, campaign_id=campaign_id)
            return
        await self._database.execute(
            q.assign_promoter, connection, campaign_id=campaign_id, promoter_id=promoter_id
        )
        if await self._database.fetchval(q.promoter_of, connection, campaign_id=campaign_id) != promoter_id:
            raise _unknown()

    async def _put(self, transaction: Audited, write: p.PromoterWrite) -> str:
        before = None if write.id is None else await self._replace(transaction, write.id, write)
        id_ = write.id or await self._add(transaction.connection, write)
        document = await self._database.fetchval(q.hold_promoter, transaction.connection, id=id_)
        after = _decode(document)
        await transaction.note("upsertPromoter", id_, team_id=after.team_id, before=before, after=after)
        return id_

    async def _add(self, connection: Connection, write: p.PromoterWrite) -> str:
        id_ = new_id("prm")
        await self._database.execute(
            q.add_promoter, connection, id=id_, team_id=write.team_id, **_columns(write)
        )
        return id_

    async def _replace(self, transaction: Audited, id_: str, write: p.PromoterWrite) -> p.Promoter:
        """Replaces a promoter; answers what it was."""
        connection = transaction.connection
        document = await self._database.fetchval(q.hold_promoter, connection, id=id_)
        if document is None:
            raise NotFound("There is no promoter under this id.")
        before = _decode(document)
        if write.expected_version not in (None, before.version):
            raise Conflict(before.version)
        await self._database.execute(q.replace_promoter, connection, id=id_, **_columns(write))
        touched = await self._database.fetch(q.pass_on, connection, id=id_)
        check_sharing(before, write, [row["state"] for row in touched])
        keys = wire.CampaignKeys(ids=[row["id"] for row in touched])
        campaigns = await self._changes.documents(keys, connection)
        await transaction.publish("campaign", map(rules.snapshot, campaigns))
        return before


def _columns(write: p.PromoterWrite) -> dict[str, str | bool | None]:
    return {
        "name": write.name.strip(),
        "legal_name": write.legal_name.strip(),
        "support_email": write.support_email,
        "privacy_policy_url": write.privacy_policy_url,
        "default_locale": write.default_locale,
        "shares_fan_data": write.shares_fan_data,
        "search": fold(f"{write.name} {write.legal_name}"),
    }


def _unknown() -> Invalid:
    message = "This promoter does not exist in the campaign's team. List promoters for its id."
    return Invalid([Issue(["promoter_id"], "UNKNOWN", message)])
