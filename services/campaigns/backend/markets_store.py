"""Markets and events in SQL: typed twins of `markets.sql`."""

from datetime import datetime
from pathlib import Path

from services.campaigns.backend import wire
from services.campaigns.backend.changes_store import NO_SUCH_MARKET, Changes, change_of
from services.campaigns.backend.clock_rules import local_moment
from services.campaigns.backend.rules import Part
from services.kit.errors import Invalid, NotFound
from services.kit.ids import new_id
from services.kit.pg import Connection, Database, Queries, Query

q = Queries(Path(__file__).with_name("markets.sql"))


class Markets:
    """The markets of campaigns, and the events in them."""

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    async def put_market(self, actor: str, campaign_id: str, market: wire.MarketWrite) -> wire.Changed:
        """Adds or replaces a market. Raises NotFound, Conflict, Invalid, IdempotencyMismatch."""
        change = change_of(
            [Part.SETUP],
            campaign_id,
            actor,
            "upsertMarket",
            expected_version=market.expected_version,
            idempotency_key=market.idempotency_key,
            payload=(campaign_id, market),
        )

        async def write(connection: Connection) -> str:
            id_ = await self._database.fetchval(
                q.put_market,
                connection,
                id=market.id or new_id("mkt"),
                existing=market.id is not None,
                campaign_id=campaign_id,
                name=market.name,
                country=market.country,
                venue_id=market.venue_id,
                latitude=market.location and market.location.latitude,
                longitude=market.location and market.location.longitude,
                radius_km=market.radius_km,
            )
            return _found(id_, "There is no market under this id in this campaign.")

        return await self._changes.make(change, write)

    async def put_event(self, actor: str, campaign_id: str, event: wire.EventWrite) -> wire.Changed:
        """Adds or replaces an event. Raises NotFound, Conflict, Invalid, IdempotencyMismatch."""
        change = change_of(
            [Part.SETUP],
            campaign_id,
            actor,
            "upsertEvent",
            expected_version=event.expected_version,
            idempotency_key=event.idempotency_key,
            payload=(campaign_id, event),
        )

        async def write(connection: Connection) -> str:
            starts_at = event.starts_at or await self._local_start(connection, campaign_id, event)
            id_ = await self._database.fetchval(
                q.put_event,
                connection,
                id=event.id or new_id("evt"),
                existing=event.id is not None,
                campaign_id=campaign_id,
                market_id=event.market_id,
                name=event.name,
                starts_at=starts_at,
                presale_opens_at=event.presale.opens_at,
                presale_closes_at=event.presale.closes_at,
                allocation=event.allocation,
                code_mode=event.code_mode,
                ticket_limit=event.ticket_limit,
            )
            return _found(id_, "There is no event under this id in this campaign.")

        return await self._changes.make(change, write)

    async def remove_market(self, actor: str, campaign_id: str, removal: wire.Removal) -> wire.Changed:
        """Removes a market with its events. Raises NotFound, Conflict, Invalid."""
        return await self._remove(q.remove_market, "removeMarket", actor, campaign_id, removal)

    async def remove_event(self, actor: str, campaign_id: str, removal: wire.Removal) -> wire.Changed:
        """Removes an event. Raises NotFound, Conflict, Invalid."""
        return await self._remove(q.remove_event, "removeEvent", actor, campaign_id, removal)

    async def _local_start(
        self, connection: Connection, campaign_id: str, event: wire.EventWrite
    ) -> datetime:
        market = await self._database.fetchrow(
            q.market_time_zone, connection, campaign_id=campaign_id, market_id=event.market_id
        )
        if market is None:
            raise Invalid([NO_SUCH_MARKET])
        return local_moment(event.starts_at_local or "", market["time_zone"])

    async def _remove(
        self, query: Query, action: str, actor: str, campaign_id: str, removal: wire.Removal
    ) -> wire.Changed:
        change = change_of(
            [Part.IDENTITY], campaign_id, actor, action, expected_version=removal.expected_version
        )

        async def write(connection: Connection) -> str:
            id_ = await self._database.fetchval(query, connection, campaign_id=campaign_id, id=removal.id)
            return _found(id_, "It is not there any more.")

        return await self._changes.make(change, write)


def _found(id_: str | None, message: str) -> str:
    if id_ is None:
        raise NotFound(message)
    return id_
