"""Who may run and see exports: holders of EXPORT_RUN on the campaign.

An export is only reached through what has asked already: a reference, or a guarded list or mutation.
"""

from typing import Any

from services.entries.subgraph.exports_types import ExportKind, scope_of
from services.entries.subgraph.waves_policy import campaign, campaign_of_input
from services.kit.access import Permission, Scope
from services.kit.policy import PUBLIC, SIGNED_IN, Rule, permission


async def _export_of_input(_source: Any, info: Any, arguments: dict[str, Any]) -> Scope | None:
    export = await info.context.exports.by_id.load(arguments["input"]["id"])
    return export and scope_of(export)


_RUN = permission(Permission.EXPORT_RUN, campaign_of_input)
_PII = permission(Permission.PII_READ, campaign_of_input)
_CODES = permission(Permission.CODE_READ, campaign_of_input)


async def _start(source: Any, info: Any, arguments: dict[str, Any]) -> bool:
    asked = arguments["input"]
    rules = [
        _RUN,
        *([_PII] if asked.get("personalData") else []),
        *([_CODES] if asked["kind"] is ExportKind.CODES else []),
    ]
    return all([await rule(source, info, arguments) for rule in rules])


EXPORTS: dict[str, Rule] = {
    "Query.exportJob": SIGNED_IN,
    "Campaign.exports": permission(Permission.EXPORT_RUN, campaign),
    "Mutation.startExport": _start,
    "Mutation.cancelExport": permission(Permission.EXPORT_RUN, _export_of_input),
    "ExportJob.*": PUBLIC,
    "ExportStarted.*": PUBLIC,
    "SharingNotAllowed.*": PUBLIC,
    "ExportCancelled.*": PUBLIC,
}
