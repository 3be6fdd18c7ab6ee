"""Campaigns in numbers over REST."""

from services.entries.backend import metrics_wire as m
from services.entries.backend.waves_wire import Ids
from services.kit.rest import Api, Call

api = Api("Entry Service: metrics", "1.0.0")


@api.post("/metrics/batch", Ids, m.MetricsOfCampaigns)
async def get_metrics(call: Call[Ids]) -> m.MetricsOfCampaigns:
    """Counts the entries and selections of many campaigns."""
    return m.MetricsOfCampaigns(await call.service.metrics.metrics(call.body.ids))


@api.post("/metrics/timelines", m.TimelineRequests, m.Timelines)
async def get_timelines(call: Call[m.TimelineRequests]) -> m.Timelines:
    """Counts the entries of many campaigns by hour or day."""
    return m.Timelines(await call.service.metrics.timelines(call.body.timelines))
