"""Who may see or do what in this subgraph: every field has a rule, and a field without one fails the build.

Pools, imports and distributions are shown to who may read codes on their campaign; a code also to the fan who owns
it, once it is released. For everybody else they are simply not there (`visible` in the types makes no object), so
their fields need no rule of their own. The clear value gets here for its owner only: the Code Service answers it to
nobody else.
"""

import asyncio
from typing import Any

from services.codes.subgraph.deliveries_policy import DELIVERIES
from services.codes.subgraph.holders_policy import HOLDERS
from services.codes.subgraph.loaders import CodesContext
from services.codes.subgraph.redemptions_policy import REDEMPTIONS
from services.codes.subgraph.voids_policy import VOIDS
from services.codes.subgraph.webhooks_policy import WEBHOOKS
from services.kit.access import Permission, Scope
from services.kit.policy import PUBLIC, SIGNED_IN, Rule, ScopeOf, permission


async def may_read_codes(context: CodesContext, team_id: str, campaign_id: str) -> bool:
    """Whether the caller may see this campaign's codes, masked. Who manages them may read them."""
    scope = Scope(team_id, campaign_id)
    wanted = (Permission.CODE_READ, Permission.CODE_MANAGE)
    return any(await asyncio.gather(*(context.access.allows(each, scope) for each in wanted)))


def _scope_of(kind: str, argument: str) -> ScopeOf:
    """Whose the thing is that the input names under `argument`."""

    async def scope_of(source: Any, info: Any, arguments: dict[str, Any]) -> Scope | None:
        return await info.context.scope_of.load((kind, arguments["input"][argument]))

    return scope_of


POLICY: dict[str, Rule] = {
    "Query.accessCode": SIGNED_IN,
    "Query.codeImport": SIGNED_IN,
    "Query.codeDistribution": SIGNED_IN,
    "Mutation.createCodePool": permission(Permission.CODE_MANAGE, _scope_of("events", "eventId")),
    "Mutation.importCodes": permission(Permission.CODE_MANAGE, _scope_of("pools", "poolId")),
    "Mutation.generateCodes": permission(Permission.CODE_MANAGE, _scope_of("pools", "poolId")),
    "Mutation.assignCodes": permission(Permission.CODE_MANAGE, _scope_of("waves", "waveId")),
    "Mutation.revealCode": permission(Permission.CODE_REVEAL, _scope_of("selections", "selectionId")),
    **DELIVERIES,
    **HOLDERS,
    **REDEMPTIONS,
    **VOIDS,
    **WEBHOOKS,
    "Event.*": PUBLIC,
    "Selection.*": PUBLIC,
    "Wave.*": PUBLIC,
    "Entry.*": PUBLIC,
    "AccessCode.*": PUBLIC,
    "CodePool.*": PUBLIC,
    "CodeCounts.*": PUBLIC,
    "CodeImport.*": PUBLIC,
    "CodeImportError.*": PUBLIC,
    "CodeDistribution.*": PUBLIC,
    "CodeShortfall.*": PUBLIC,
    "CodePoolCreated.*": PUBLIC,
    "CodeImportStarted.*": PUBLIC,
    "CodesGenerated.*": PUBLIC,
    "CodesAssignmentStarted.*": PUBLIC,
    "CodeRevealed.*": PUBLIC,
    "InsufficientCodes.*": PUBLIC,
    "WaveNotFinalized.*": PUBLIC,
    "NotFound.*": PUBLIC,
    "ValidationFailed.*": PUBLIC,
    "ValidationIssue.*": PUBLIC,
    "IdempotencyMismatch.*": PUBLIC,
}
