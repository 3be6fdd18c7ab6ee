"""Who may see a campaign in numbers: holders of METRICS_READ."""

from services.entries.subgraph.waves_policy import campaign
from services.kit.access import Permission
from services.kit.policy import PUBLIC, Rule, permission

METRICS: dict[str, Rule] = {
    "Campaign.metrics": permission(Permission.METRICS_READ, campaign),
    "CampaignMetrics.*": PUBLIC,
    "StateCount.*": PUBLIC,
    "CountryCount.*": PUBLIC,
    "MarketCount.*": PUBLIC,
    "RankCount.*": PUBLIC,
    "TimelinePoint.*": PUBLIC,
}
