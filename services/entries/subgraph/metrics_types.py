"""A campaign in numbers."""

from enum import Enum
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any, Self

import strawberry

from services.entries.subgraph import metrics_backend as backend
from services.kit.types import ID, CountryCode, DateTime

if TYPE_CHECKING:
    from services.entries.subgraph.types import EntryState, Market

Info = strawberry.Info[Any, Any]
LazyMarket = Annotated["Market", strawberry.lazy("services.entries.subgraph.types")]
LazyState = Annotated["EntryState", strawberry.lazy("services.entries.subgraph.types")]


@strawberry.enum(description="How long a point of a timeline lasts, UTC.")
class TimelineInterval(Enum):
    HOUR = strawberry.enum_value("HOUR", description="An hour.")
    DAY = strawberry.enum_value("DAY", description="A day.")


@strawberry.type(description="Entries in one state.")
class StateCount:
    state: LazyState = strawberry.field(description="The state, deadlines included.")
    count: int = strawberry.field(description="How many entries are in it.")


@strawberry.type(description="Entries from one country.")
class CountryCount:
    country: CountryCode | None = strawberry.field(description="The country; null where it is not known.")
    count: int = strawberry.field(description="How many entries come from there.")


@strawberry.type(description="Entries that rank a market at one place.")
class RankCount:
    rank: int = strawberry.field(description="1 is the first choice.")
    count: int = strawberry.field(description="How many entries rank it there.")


@strawberry.type(description="How wanted a market is.")
class MarketCount:
    market: LazyMarket = strawberry.field(description="The market.")
    total: int = strawberry.field(description="How many entries rank it at all.")
    by_rank: list[RankCount] = strawberry.field(description="How many at each place, first choices first.")


@strawberry.type(description="Entries submitted within one span of time.")
class TimelinePoint:
    at: DateTime = strawberry.field(description="Where the span begins.")
    count: int = strawberry.field(
        description="How many entries were submitted in it; spans without any are left out."
    )


@strawberry.type(
    description="A campaign in numbers. Every part adds up to the rows it counts, and to what an export holds."
)
class CampaignMetrics:
    campaign_id: strawberry.Private[str]
    registrations: int = strawberry.field(description="All entries, whatever became of them.")
    by_state: list[StateCount] = strawberry.field(description="Entries by state; adds up to `registrations`.")
    by_market: list[MarketCount] = strawberry.field(
        description="Entries by market; first choices add up to `registrations`."
    )
    by_country: list[CountryCount] = strawberry.field(
        description="Entries by country; adds up to `registrations`."
    )
    selected: int = strawberry.field(description="Wins in finalized waves.")
    redeemed: int | None = strawberry.field(
        description="Wins in finalized waves whose code was used for a purchase, as far as platforms reported."
    )

    @strawberry.field(description="Entries by the time of their submission; adds up to `registrations`.")
    async def timeline(
        self,
        info: Info,
        interval: Annotated[
            TimelineInterval, strawberry.argument(description="How long a point lasts.")
        ] = TimelineInterval.DAY,
    ) -> list[TimelinePoint]:
        request = backend.TimelineRequest(self.campaign_id, interval.name)
        points = await info.context.metrics.timelines.load(request)
        return [TimelinePoint(at=DateTime(point.at), count=point.count) for point in points]

    @classmethod
    def of(cls, row: backend.Metrics) -> Self:
        """The graph's view of what the Entry Service answered."""
        from services.entries.subgraph.types import EntryState

        return cls(
            campaign_id=row.campaign_id,
            registrations=row.registrations,
            by_state=[StateCount(state=EntryState[one.key or ""], count=one.count) for one in row.by_state],
            by_market=_markets(row.by_market),
            by_country=[
                CountryCount(country=None if one.key is None else CountryCode(one.key), count=one.count)
                for one in row.by_country
            ],
            selected=row.selected,
            redeemed=row.redeemed,
        )


def _markets(rows: list[backend.MarketCount]) -> list[MarketCount]:
    from services.entries.subgraph.types import Market

    ordered = sorted(rows, key=lambda row: (row.market_id, row.rank))
    return [
        MarketCount(
            market=Market(id=ID(market_id)),
            total=sum(row.count for row in group),
            by_rank=[RankCount(rank=row.rank, count=row.count) for row in group],
        )
        for market_id, group in (
            (key, list(rows)) for key, rows in groupby(ordered, key=lambda row: row.market_id)
        )
    ]
