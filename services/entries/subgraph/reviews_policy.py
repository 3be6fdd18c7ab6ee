"""Who reviews entries: holders of ENTRY_REVIEW on the campaign. A fan appeals what was decided about her own."""

from typing import Any

from services.entries.subgraph.scores_policy import scope_of_entry
from services.entries.subgraph.waves_policy import campaign, campaign_of_input
from services.kit.access import Permission, Scope
from services.kit.policy import FAN, PUBLIC, Rule, owner, permission


async def _entry_of_input(_source: Any, info: Any, arguments: dict[str, Any]) -> Scope | None:
    entry = await info.context.entry_by_id.load(arguments["input"]["id"])
    return entry and Scope(entry.team_id, entry.campaign_id)


REVIEWS: dict[str, Rule] = {
    "Mutation.reviewEntry": permission(Permission.ENTRY_REVIEW, _entry_of_input),
    "Mutation.setReviewThreshold": permission(Permission.ENTRY_REVIEW, campaign_of_input),
    "Mutation.appealEntry": FAN,
    "Entry.reviews": permission(Permission.ENTRY_REVIEW, scope_of_entry),
    "Entry.mayAppeal": owner(lambda entry: entry.user.id),
    "Campaign.reviewThreshold": permission(Permission.ENTRY_REVIEW, campaign),
    "Review.*": PUBLIC,
    "Appeal.*": PUBLIC,
    "EntryReviewed.*": PUBLIC,
    "EntryAppealed.*": PUBLIC,
    "NothingToAppeal.*": PUBLIC,
    "AlreadyAppealed.*": PUBLIC,
    "ReviewThresholdSet.*": PUBLIC,
    "Conflict.*": PUBLIC,
}
