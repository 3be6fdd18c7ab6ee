"""Who may see and run waves: staff with SELECTION_READ or SELECTION_RUN on the campaign; a winner her own selection."""

from typing import Any

from services.entries.subgraph.waves_types import scope_of
from services.kit.access import Permission, Scope
from services.kit.policy import PUBLIC, SIGNED_IN, Rule, any_of, owner, permission


async def _wave(wave: Any, _info: Any, _arguments: dict[str, Any]) -> Scope | None:
    return scope_of(wave.row)


async def _wave_of_input(_source: Any, info: Any, arguments: dict[str, Any]) -> Scope | None:
    wave_id = arguments["input"]["waveId"] if "input" in arguments else arguments["waveId"]
    wave = await info.context.waves.by_id.load(wave_id)
    return wave and scope_of(wave)


async def _selection(selection: Any, _info: Any, _arguments: dict[str, Any]) -> Scope | None:
    return Scope(selection.row.team_id, selection.row.campaign_id)


async def campaign_of_input(_source: Any, info: Any, arguments: dict[str, Any]) -> Scope | None:
    """The scope of a mutation whose input names a campaign."""
    return await info.context.scope_by_campaign.load(arguments["input"]["campaignId"])


async def campaign(source: Any, info: Any, _arguments: dict[str, Any]) -> Scope | None:
    """The scope of a campaign's field."""
    return await info.context.scope_by_campaign.load(source.id)


_READ = permission(Permission.SELECTION_READ, _wave)
_RUN = permission(Permission.SELECTION_RUN, _wave_of_input)
_HERS = owner(lambda selection: selection.row.user_id)

WAVES: dict[str, Rule] = {
    "Query.wave": SIGNED_IN,
    "Query.verifyDraw": permission(Permission.SELECTION_READ, _wave_of_input),
    "Campaign.waves": permission(Permission.SELECTION_READ, campaign),
    "Mutation.createWave": permission(Permission.SELECTION_RUN, campaign_of_input),
    "Mutation.previewSelection": permission(Permission.SELECTION_READ, _wave_of_input),
    "Mutation.commitWave": _RUN,
    "Mutation.runSelection": _RUN,
    "Mutation.finalizeWave": _RUN,
    "Mutation.cancelWave": _RUN,
    "Wave.id": PUBLIC,
    "Wave.*": _READ,
    "Selection.entry": any_of(_HERS, permission(Permission.ENTRY_READ, _selection)),
    "Selection.*": PUBLIC,
    "SelectionConnection.*": PUBLIC,
    "SelectionEdge.*": PUBLIC,
    "Event.id": PUBLIC,
    "ScoreRange.*": PUBLIC,
    "WaveCapacity.*": PUBLIC,
    "Campaign.draws": PUBLIC,
    "Draw.*": PUBLIC,
    "DrawBeacon.*": PUBLIC,
    "DrawProof.*": PUBLIC,
    "DrawReceipt.*": PUBLIC,
    "DrawPathNode.*": PUBLIC,
    "DrawVerification.*": PUBLIC,
    "SelectionSummary.*": PUBLIC,
    "SelectionJob.*": PUBLIC,
    "SelectionPreview.*": PUBLIC,
    "SelectionPreviewStarted.*": PUBLIC,
    "MarketForecast.*": PUBLIC,
    "WaveCreated.*": PUBLIC,
    "WaveCommitted.*": PUBLIC,
    "SelectionStarted.*": PUBLIC,
    "WaveFinalized.*": PUBLIC,
    "WaveCancelled.*": PUBLIC,
    "SelectionInProgress.*": PUBLIC,
    "SelectionNotFinished.*": PUBLIC,
    "CampaignStillOpen.*": PUBLIC,
    "RosterNotFrozen.*": PUBLIC,
    "EntriesNotScored.*": PUBLIC,
}
