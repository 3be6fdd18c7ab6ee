"""Who may see and change promoters: who they are is public, how they are set up is their team's."""

from typing import Any

from services.campaigns.subgraph.loaders import CampaignsContext
from services.campaigns.subgraph.promoters_backend import Promoter
from services.kit.access import Permission, Scope
from services.kit.policy import PUBLIC, Rule, permission


async def may_see_promoter(context: CampaignsContext, promoter: Promoter) -> bool:
    """Everybody once one of its campaigns is announced; before that, holders of CAMPAIGN_READ on its team."""
    return promoter.announced or await context.access.allows(
        Permission.CAMPAIGN_READ, Scope(promoter.team_id)
    )


async def _of_promoter(source: Any, info: Any, arguments: dict[str, Any]) -> Scope:
    return Scope(source.row.team_id)


async def _of_input(source: Any, info: Any, arguments: dict[str, Any]) -> Scope | None:
    given = arguments["input"]
    if not given.get("id"):
        return Scope(given["teamId"]) if given.get("teamId") else None
    promoter = await info.context.promoter_by_id.load(given["id"])
    return None if promoter is None else Scope(promoter.team_id)


_READ = permission(Permission.CAMPAIGN_READ, _of_promoter)

POLICY: dict[str, Rule] = {
    "Query.promoter": PUBLIC,
    "Query.promoters": PUBLIC,
    "Promoter.sharesFanData": _READ,
    "Promoter.defaultLocale": _READ,
    "Promoter.version": _READ,
    "Promoter.*": PUBLIC,
    "PromoterConnection.*": PUBLIC,
    "PromoterEdge.*": PUBLIC,
    "Mutation.upsertPromoter": permission(Permission.CAMPAIGN_WRITE, _of_input),
    "PromoterUpserted.*": PUBLIC,
}
