"""Campaigns in numbers over REST."""

from services.entries.backend import metrics_wire as m
from services.entries.backend.waves_wire import Ids
from services.kit.rest import Api, Call

api = Api("Entry Service: metrics", "1.0.0")


@api.post("/metrics/batch", Ids, m.MetricsOfCampaigns)
async def get_metrics(call: Call[Ids]) -> m.MetricsOfCampaigns:
    """Counts the entries and selections of many campaigns."""
    return m.MetricsOfCampaigns(await call.service.metrics.metrics(call.body.ids))


@api.post("/metrics/eligibility", Ids, m.EligibilityOfCampaigns)
async def get_eligibility(call: Call[Ids]) -> m.EligibilityOfCampaigns:
    """Says how many entries of many campaigns could be selected, and what the others lack."""
    return m.EligibilityOfCampaigns(await call.service.eligibility.counts(call.body.ids))


@api.post("/metrics/timelines", m.TimelineRequests, m.Timelines)
async def get_timelines(call: Call[m.TimelineRequests]) -> m.Timelines:
    """Counts the entries of many campaigns by hour or day."""
    return m.Timelines(await call.service.metrics.timelines(call.body.timelines))


@api.post("/metrics/markets", Ids, m.MarketOwners)
async def get_market_owners(call: Call[Ids]) -> m.MarketOwners:
    """Says which campaigns and teams markets belong to."""
    return m.MarketOwners(await call.service.metrics.markets(call.body.ids))


@api.post("/metrics/demand", m.MarketsInCampaigns, m.Demand)
async def get_demand(call: Call[m.MarketsInCampaigns]) -> m.Demand:
    """Counts the fans who want each of many markets."""
    return m.Demand(await call.service.metrics.demand(call.body.markets))
