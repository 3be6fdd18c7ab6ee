"""Who may see a campaign in numbers: holders of METRICS_READ."""

from typing import Any

from services.entries.subgraph.waves_policy import campaign
from services.kit.access import Permission, Scope
from services.kit.policy import PUBLIC, Rule, permission


async def _market(source: Any, info: Any, _arguments: dict[str, Any]) -> Scope | None:
    owner = await info.context.metrics.owner_by_market.load(source.id)
    return owner and Scope(owner.team_id, owner.campaign_id)


METRICS: dict[str, Rule] = {
    "Campaign.metrics": permission(Permission.METRICS_READ, campaign),
    "Market.registeredFans": permission(Permission.METRICS_READ, _market),
    "CampaignMetrics.*": PUBLIC,
    "StateCount.*": PUBLIC,
    "CountryCount.*": PUBLIC,
    "MarketCount.*": PUBLIC,
    "RankCount.*": PUBLIC,
    "TimelinePoint.*": PUBLIC,
    "EligibilityCount.*": PUBLIC,
}
