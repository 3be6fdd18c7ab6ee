"""Who may see or do what in this subgraph: every field has a rule, and a field without one fails the build.

A campaign itself is let through by `may_see`, wherever it is resolved; what hangs on it is as public as it is, but for
what only its team needs. A mutation on what is not there is refused like one on what is not hers: ids tell nothing.
"""

from typing import Any

from services.campaigns.subgraph.backend import Campaign
from services.campaigns.subgraph.loaders import CampaignsContext, Key
from services.kit.access import Permission, Scope
from services.kit.policy import PUBLIC, Rule, ScopeOf, permission


async def may_see(context: CampaignsContext, campaign: Campaign) -> bool:
    """Everybody once it is announced, for good: whoever entered a campaign that is cancelled or archived now still has
    an entry that points at it. Before that, holders of CAMPAIGN_READ on it.
    """
    return campaign.announced or await context.access.allows(Permission.CAMPAIGN_READ, scope_of(campaign))


def scope_of(campaign: Campaign) -> Scope:
    """What permissions on a campaign are asked on."""
    return Scope(campaign.team_id, campaign.id)


async def _of_campaign(source: Any, info: Any, arguments: dict[str, Any]) -> Scope:
    return scope_of(source.row)


async def _of_content(source: Any, info: Any, arguments: dict[str, Any]) -> Scope:
    return scope_of(source.campaign)


async def _of_new_campaign(source: Any, info: Any, arguments: dict[str, Any]) -> Scope:
    return Scope(arguments["input"]["teamId"])


async def _of_argument(source: Any, info: Any, arguments: dict[str, Any]) -> Scope | None:
    campaign = await info.context.campaign_by_key.load(Key("id", arguments["id"]))
    return None if campaign is None else scope_of(campaign)


def _of_input(kind: Any, name: str) -> ScopeOf:
    async def scope(source: Any, info: Any, arguments: dict[str, Any]) -> Scope | None:
        campaign = await info.context.campaign_by_key.load(Key(kind, arguments["input"][name]))
        return None if campaign is None else scope_of(campaign)

    return scope


async def _team_of_input(source: Any, info: Any, arguments: dict[str, Any]) -> Scope | None:
    """The team of the campaign in the input: who may write that campaign alone makes no new ones."""
    campaign = await info.context.campaign_by_key.load(Key("id", arguments["input"]["id"]))
    return None if campaign is None else Scope(campaign.team_id)


_READ = permission(Permission.CAMPAIGN_READ, _of_campaign)
_READ_CONTENT = permission(Permission.CAMPAIGN_READ, _of_content)
_WRITE = permission(Permission.CAMPAIGN_WRITE, _of_input("id", "id"))

POLICY: dict[str, Rule] = {
    "Query.campaign": PUBLIC,
    "Query.campaigns": PUBLIC,
    "Query.campaignLint": permission(Permission.CAMPAIGN_READ, _of_argument),
    "Query.artists": PUBLIC,
    "Query.venues": PUBLIC,
    "Campaign.scoreRange": _READ,
    "Campaign.*": PUBLIC,
    "Campaign.translationCompleteness": _READ,
    "TranslationCompleteness.*": PUBLIC,
    "CampaignContent.smsTemplate": _READ_CONTENT,
    "CampaignContent.smsSegments": _READ_CONTENT,
    "CampaignContent.smsEncoding": _READ_CONTENT,
    "CampaignContent.*": PUBLIC,
    "ScoreRange.*": PUBLIC,
    "Market.*": PUBLIC,
    "Event.*": PUBLIC,
    "LocalTime.*": PUBLIC,
    "Venue.*": PUBLIC,
    "Artist.*": PUBLIC,
    "GeoPoint.*": PUBLIC,
    "Window.*": PUBLIC,
    "AllOf.*": PUBLIC,
    "AnyOf.*": PUBLIC,
    "CardGate.*": PUBLIC,
    "LinkedAccountGate.*": PUBLIC,
    "IdentityGate.*": PUBLIC,
    "PhoneGate.*": PUBLIC,
    "RegionGate.*": PUBLIC,
    "MembershipGate.*": PUBLIC,
    "CampaignConnection.*": PUBLIC,
    "CampaignEdge.*": PUBLIC,
    "ArtistConnection.*": PUBLIC,
    "ArtistEdge.*": PUBLIC,
    "VenueConnection.*": PUBLIC,
    "VenueEdge.*": PUBLIC,
    "PageInfo.*": PUBLIC,
    "Mutation.createCampaign": permission(Permission.CAMPAIGN_WRITE, _of_new_campaign),
    "Mutation.cloneCampaign": permission(Permission.CAMPAIGN_WRITE, _team_of_input),
    "Mutation.updateCampaign": _WRITE,
    "Mutation.transitionCampaign": permission(Permission.CAMPAIGN_PUBLISH, _of_input("id", "id")),
    "Mutation.setCampaignContent": _WRITE,
    "Mutation.setGate": _WRITE,
    "Mutation.upsertMarket": permission(Permission.CAMPAIGN_WRITE, _of_input("id", "campaignId")),
    "Mutation.removeMarket": permission(Permission.CAMPAIGN_WRITE, _of_input("market", "id")),
    "Mutation.upsertEvent": permission(Permission.CAMPAIGN_WRITE, _of_input("id", "campaignId")),
    "Mutation.removeEvent": permission(Permission.CAMPAIGN_WRITE, _of_input("event", "id")),
    "CampaignCreated.*": PUBLIC,
    "CampaignCloned.*": PUBLIC,
    "CampaignUpdated.*": PUBLIC,
    "CampaignTransitioned.*": PUBLIC,
    "CampaignContentSet.*": PUBLIC,
    "GateSet.*": PUBLIC,
    "MarketUpserted.*": PUBLIC,
    "MarketRemoved.*": PUBLIC,
    "EventUpserted.*": PUBLIC,
    "EventRemoved.*": PUBLIC,
    "LintFinding.*": PUBLIC,
    "LintBlocked.*": PUBLIC,
    "NotFound.*": PUBLIC,
    "ValidationFailed.*": PUBLIC,
    "ValidationIssue.*": PUBLIC,
    "Conflict.*": PUBLIC,
    "IllegalTransition.*": PUBLIC,
    "IdempotencyMismatch.*": PUBLIC,
}
