"""Who sees scores: those who read or review a campaign's entries. Never the fan whose entry it is."""

from typing import Any

from services.kit.access import Permission, Scope
from services.kit.policy import PUBLIC, Rule, any_of, permission


async def scope_of_entry(entry: Any, _info: Any, _arguments: dict[str, Any]) -> Scope:
    """The scope that a field of an entry is asked on."""
    return entry.scope


SCORES: dict[str, Rule] = {
    "Entry.score": any_of(
        permission(Permission.ENTRY_READ, scope_of_entry), permission(Permission.ENTRY_REVIEW, scope_of_entry)
    ),
    "Score.*": PUBLIC,
    "ScoreReason.*": PUBLIC,
}
