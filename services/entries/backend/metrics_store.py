"""Campaigns in numbers: typed twins of `metrics.sql`."""

from collections.abc import Sequence
from pathlib import Path

from services.entries.backend import metrics_wire as m
from services.kit.pg import Database, Queries, Row

q = Queries(Path(__file__).with_name("metrics.sql"))


class MetricStore:
    """Counts that reconcile with the rows they count, deadlines included."""

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
        )
        found: list[list[m.TimelinePoint]] = [[] for _ in asked]
        for row in rows:
            found[row["place"] - 1].append(m.TimelinePoint(row["at"], row["count"]))
        return found


def _metrics(campaign_id: str, rows: list[Row]) -> m.Metrics:
    def counts(dimension: str) -> list[m.Count]:
        return [m.Count(row["key"], row["count"]) for row in rows if row["dimension"] == dimension]

    by_state = counts("state")
    return m.Metrics(
        campaign_id=campaign_id,
        registrations=sum(count.count for count in by_state),
        by_state=by_state,
        by_country=counts("country"),
        by_market=[
            m.MarketCount(row["key"], row["rank"], row["count"])
            for row in rows
            if row["dimension"] == "market"
        ],
        selected=sum(count.count for count in counts("selected")),
        redeemed=sum(count.count for count in counts("redeemed")),
    )
