"""Copies of whole campaigns: typed twins of `clones.sql`."""

from pathlib import Path

from services.campaigns.backend import clone_rules, input_rules, wire
from services.campaigns.backend.changes_store import Changes
from services.campaigns.backend.clones_wire import Clone
from services.kit.errors import NotFound
from services.kit.ids import new_id
from services.kit.pg import Connection, Database, Queries

q = Queries(Path(__file__).with_name("clones.sql"))


class Clones:
    """Makes drafts out of campaigns: all that was set up is copied, nothing that happened."""

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    async def make(self, actor: str, source_id: str, clone: Clone) -> wire.Changed:
        """The copy, a draft of the same team. Raises NotFound, Invalid, IdempotencyMismatch."""

        async def write(connection: Connection) -> str:
            if await self._database.fetchval(q.hold_source, connection, id=source_id) is None:
                raise NotFound("There is no campaign under this id.")
            [source] = await self._changes.documents(wire.CampaignKeys(ids=[source_id]), connection)
            dates = clone_rules.shifted_dates(source, clone.shift_days)
            input_rules.check_shifted(dates)
            id_ = new_id("cmp")
            await self._copy_campaign(connection, id_, source_id, clone.slug, dates.registration)
            await self._copy_places(connection, id_, source, dates)
            return id_

        payload = (source_id, clone)
        return await self._changes.create(actor, "cloneCampaign", clone.idempotency_key, payload, write)

    async def _copy_campaign(
        self, connection: Connection, id_: str, source_id: str, slug: str, registration: wire.Window
    ) -> None:
        await self._database.execute(
            q.clone_campaign,
            connection,
            id=id_,
            source_id=source_id,
            slug=slug,
            opens_at=registration.opens_at,
            closes_at=registration.closes_at,
        )
        for query in (q.clone_contents, q.clone_artists):
            await self._database.execute(query, connection, id=id_, source_id=source_id)

    async def _copy_places(
        self, connection: Connection, id_: str, source: wire.Campaign, dates: clone_rules.Dates
    ) -> None:
        markets = _renamed("mkt", [market.id for market in source.markets])
        events = _renamed("evt", [event.id for event in source.events])
        await self._database.execute(
            q.clone_markets, connection, id=id_, old_ids=list(markets), new_ids=list(markets.values())
        )
        await self._database.execute(
            q.clone_events,
            connection,
            id=id_,
            old_ids=list(events),
            new_ids=list(events.values()),
            market_ids=[markets[event.market_id] for event in source.events],
            starts_at=dates.starts_at,
            opens_at=[presale.opens_at for presale in dates.presales],
            closes_at=[presale.closes_at for presale in dates.presales],
        )


def _renamed(prefix: str, ids: list[str]) -> dict[str, str]:
    """New ids in the order of the old ones, for lists are shown in the order of their ids."""
    return dict(zip(ids, sorted(new_id(prefix) for _ in ids), strict=True))
