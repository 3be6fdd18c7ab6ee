"""Who may see or do what in this subgraph: every field has a rule, and a field without one fails the build.

Entries are reached only through what has asked already: a reference (`Entry.resolve_reference`), the caller's own, or a
guarded list.
"""

from typing import Any

from services.entries.subgraph.exports_policy import EXPORTS
from services.entries.subgraph.metrics_policy import METRICS
from services.entries.subgraph.reviews_policy import REVIEWS
from services.entries.subgraph.scores_policy import SCORES, scope_of_entry
from services.entries.subgraph.waves_policy import WAVES
from services.kit.access import Permission, Scope
from services.kit.policy import FAN, PUBLIC, SIGNED_IN, Rule, any_of, owner, permission


async def scope_of_campaign(campaign: Any, info: Any, _arguments: dict[str, Any]) -> Scope | None:
    """The scope that a field of a campaign is asked on."""
    return await info.context.scope_by_campaign.load(campaign.id)


_HERSELF = owner(lambda user: user.id)
_HERS = owner(lambda entry: entry.user.id)

POLICY: dict[str, Rule] = {
    "Query.entry": SIGNED_IN,
    "Mutation.submitEntry": FAN,
    "Mutation.updateEntryPreferences": FAN,
    "Mutation.withdrawEntry": FAN,
    "Entry.selections": any_of(_HERS, permission(Permission.SELECTION_READ, scope_of_entry)),
    "Entry.drawReceipts": _HERS,
    "Entry.*": PUBLIC,
    "Preference.*": PUBLIC,
    "Market.id": PUBLIC,
    "Eligibility.*": PUBLIC,
    "EligibilityReason.*": PUBLIC,
    "Campaign.id": PUBLIC,
    "Campaign.viewerEntry": PUBLIC,
    "Campaign.viewerEligibility": PUBLIC,
    "Campaign.entries": permission(Permission.ENTRY_READ, scope_of_campaign),
    "User.id": PUBLIC,
    "User.entries": _HERSELF,
    "EntryConnection.*": PUBLIC,
    "EntryEdge.*": PUBLIC,
    "PageInfo.*": PUBLIC,
    "EntrySubmitted.*": PUBLIC,
    "EntryPreferencesUpdated.*": PUBLIC,
    "EntryWithdrawn.*": PUBLIC,
    "AlreadyEntered.*": PUBLIC,
    "CampaignNotOpen.*": PUBLIC,
    "GateUnmet.*": PUBLIC,
    "InvalidPreferences.*": PUBLIC,
    "RateLimited.*": PUBLIC,
    "NotFound.*": PUBLIC,
    "IdempotencyMismatch.*": PUBLIC,
    "IllegalTransition.*": PUBLIC,
    "ValidationFailed.*": PUBLIC,
    "ValidationIssue.*": PUBLIC,
    **WAVES,
    **EXPORTS,
    **SCORES,
    **REVIEWS,
    **METRICS,
}
