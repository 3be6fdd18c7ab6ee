"""Batched reads of metrics: one call for all campaigns of a request."""

from functools import cached_property

from strawberry.dataloader import DataLoader

from services.entries.subgraph.metrics_backend import (
    EligibilityCounts,
    MarketInCampaign,
    MarketOwner,
    Metrics,
    MetricsBackend,
    TimelinePoint,
    TimelineRequest,
)
from services.kit.loaders import by_key
from services.kit.upstream import Upstream


class MetricsOfCampaigns:
    """What a resolver asks about campaigns and markets in numbers. Loaders are made when first used."""

    def __init__(self, upstream: Upstream) -> None:
        self._backend = MetricsBackend(upstream)

    @cached_property
    def by_campaign(self) -> DataLoader[str, Metrics]:
        return DataLoader(self._backend.metrics)

    @cached_property
    def eligibility_by_campaign(self) -> DataLoader[str, EligibilityCounts]:
        return DataLoader(self._backend.eligibility)

    @cached_property
    def timelines(self) -> DataLoader[TimelineRequest, list[TimelinePoint]]:
        return DataLoader(self._backend.timelines)

    @cached_property
    def owner_by_market(self) -> DataLoader[str, MarketOwner | None]:
        return by_key(self._backend.market_owners, lambda owner: owner.market_id, accepts=str.isprintable)

    @cached_property
    def demand(self) -> DataLoader[MarketInCampaign, int]:
        return DataLoader(self._backend.demand)
