"""Who sees scores: those who read or review a campaign's entries. Never the fan whose entry it is.

An import is only reached through what has asked already: a reference, or a guarded list or mutation.
"""

from typing import Any

from services.entries.subgraph.waves_policy import campaign, campaign_of_input
from services.kit.access import Permission, Scope
from services.kit.policy import PUBLIC, SIGNED_IN, Rule, any_of, permission


async def scope_of_entry(entry: Any, _info: Any, _arguments: dict[str, Any]) -> Scope:
    """The scope that a field of an entry is asked on."""
    return entry.scope


SCORES: dict[str, Rule] = {
    "Entry.score": any_of(
        permission(Permission.ENTRY_READ, scope_of_entry), permission(Permission.ENTRY_REVIEW, scope_of_entry)
    ),
    "Query.scoreImport": SIGNED_IN,
    "Campaign.scoreImports": permission(Permission.ENTRY_REVIEW, campaign),
    "Mutation.importScores": permission(Permission.ENTRY_REVIEW, campaign_of_input),
    "ScoreImport.*": PUBLIC,
    "ScoreImportError.*": PUBLIC,
    "ScoreImportStarted.*": PUBLIC,
    "Score.*": PUBLIC,
    "ScoreReason.*": PUBLIC,
}
