"""A campaign in numbers."""

from enum import Enum
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any, Self

import strawberry

from services.entries.subgraph import metrics_backend as backend
from services.entries.subgraph.eligibility_types import EligibilityCode
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


@strawberry.type(description="Entries that cannot be selected, for one reason.")
class EligibilityCount:
    code: EligibilityCode = strawberry.field(description="The reason.")
    count: int = strawberry.field(description="How many entries have it; an entry can have several reasons.")


@strawberry.type(description="Entries submitted within one span of time.")
class TimelinePoint:
    at: DateTime = strawberry.field(description="Where the span begins.")
    count: int = strawberry.field(
        description="How many entries were submitted in it; spans without any are left out."
    )


@strawberry.type(
    description="A campaign in numbers. All but eligibility is exact at the moment of the answer, and adds up to "
    "what an export of that moment holds."
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

    @strawberry.field(
        description="Entries by the time of their submission; without `from` and `to` it adds up to `registrations`."
    )
    async def timeline(
        self,
        info: Info,
        interval: Annotated[
            TimelineInterval, strawberry.argument(description="How long a point lasts.")
        ] = TimelineInterval.DAY,
        since: Annotated[
            DateTime | None,
            strawberry.argument(name="from", description="Only hours or days that begin then or later."),
        ] = None,
        until: Annotated[
            DateTime | None,
            strawberry.argument(name="to", description="Only hours or days that begin before that."),
        ] = None,
    ) -> list[TimelinePoint]:
        request = backend.TimelineRequest(self.campaign_id, interval.name, since, until)
        points = await info.context.metrics.timelines.load(request)
        return [TimelinePoint(at=DateTime(point.at), count=point.count) for point in points]

    @strawberry.field(
        description="How many entries could be selected, as of `eligibilityComputedAt`; null before that is set."
    )
    async def eligible(self, info: Info) -> int | None:
        return (await self._eligibility(info)).eligible

    @strawberry.field(
        description="What keeps entries from being selected, as of `eligibilityComputedAt`; null before that is set."
    )
    async def eligibility(self, info: Info) -> list[EligibilityCount] | None:
        reasons = (await self._eligibility(info)).reasons
        if reasons is None:
            return None
        return [EligibilityCount(code=EligibilityCode[one.code], count=one.count) for one in reasons]

    @strawberry.field(
        description="When eligibility was counted: now in small campaigns. Large ones are counted in the background, "
        "at most once a minute and only while somebody looks: null at the first look, so ask again after some seconds."
    )
    async def eligibility_computed_at(self, info: Info) -> DateTime | None:
        at = (await self._eligibility(info)).computed_at
        return at and DateTime(at)

    async def _eligibility(self, info: Info) -> backend.EligibilityCounts:
        return await info.context.metrics.eligibility_by_campaign.load(self.campaign_id)

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
