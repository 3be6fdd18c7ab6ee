"""Campaigns in numbers: typed twins of `metrics.sql`."""

from collections.abc import Sequence
from pathlib import Path

from services.entries.backend import metrics_wire as m
from services.kit.pg import Database, Queries, Row

q = Queries(Path(__file__).with_name("metrics.sql"))
_NOTES_AT_ONCE = 5000


class MetricStore:
    """Counts that are what counting the rows would say, deadlines included, however many there are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def metrics(self, campaign_ids: Sequence[str]) -> list[m.Metrics]:
        """One for each campaign, in order."""
        rows = await self._database.fetch(q.metrics, campaign_ids=list(campaign_ids))
        return [_metrics(id_, [row for row in rows if row["campaign_id"] == id_]) for id_ in campaign_ids]

    async def timelines(self, asked: Sequence[m.TimelineRequest]) -> list[list[m.TimelinePoint]]:
        """One for each request, in order."""
        rows = await self._database.fetch(
            q.timelines,
            campaign_ids=[one.campaign_id for one in asked],
            steps=[one.interval for one in asked],
            since=[one.since for one in asked],
            until=[one.until for one in asked],
        )
        found: list[list[m.TimelinePoint]] = [[] for _ in asked]
        for row in rows:
            found[row["place"] - 1].append(m.TimelinePoint(row["at"], row["count"]))
        return found

    async def markets(self, market_ids: Sequence[str]) -> list[m.MarketOwner]:
        """Where these markets belong, as far as they are known here."""
        return [
            m.MarketOwner(**row) for row in await self._database.fetch(q.markets, market_ids=list(market_ids))
        ]

    async def demand(self, asked: Sequence[m.MarketInCampaign]) -> list[int]:
        """The fans who want each market, in order."""
        rows = await self._database.fetch(
            q.demand,
            campaign_ids=sorted({one.campaign_id for one in asked}),
            market_ids=sorted({one.market_id for one in asked}),
        )
        fans = {row["market_id"]: row["fans"] for row in rows}
        return [fans.get(one.market_id, 0) for one in asked]

    async def add_up(self) -> int:
        """Adds some of what was noted to the tallies; answers how much. Without it metrics stay exact, but get slow."""
        return await self._database.fetchval(q.add_up, limit=_NOTES_AT_ONCE)


def _metrics(campaign_id: str, rows: list[Row]) -> m.Metrics:
    def of(dimension: str) -> list[Row]:
        return [row for row in rows if row["dimension"] == dimension]

    by_state = [m.StateCount(row["state"], row["count"]) for row in of("STATE")]
    return m.Metrics(
        campaign_id=campaign_id,
        registrations=sum(count.count for count in by_state),
        by_state=by_state,
        by_country=[m.CountryCount(row["country"], row["count"]) for row in of("COUNTRY")],
        by_market=[m.MarketCount(row["market_id"], row["rank"], row["count"]) for row in of("MARKET")],
        selected=sum(row["count"] for row in of("SELECTED")),
        redeemed=sum(row["count"] or 0 for row in of("REDEEMED")),
    )
