"""The Entry Service's waves as this subgraph calls them: the only file that knows their HTTP paths."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from services.kit.paging import Page
from services.kit.upstream import Upstream, one_for_each


class Capacity(msgspec.Struct, frozen=True):
    """What an event gives in a wave, in tickets."""

    event_id: str
    market_id: str
    capacity: int
    selected: int


class Beacon(msgspec.Struct, frozen=True):
    """Public randomness that was announced for a draw."""

    source: str
    round: str
    value: str | None


class Draw(msgspec.Struct, frozen=True):
    """What a wave published about its draw, in hex."""

    algorithm: str
    roster_root: str
    seed_commitment: str
    seed: str | None
    beacon: Beacon | None
    outcome_hash: str | None


class Summary(msgspec.Struct, frozen=True):
    """What a draw came to, in fans."""

    eligible: int
    selected: int
    first_choices: int


class Job(msgspec.Struct, frozen=True):
    """Work on a wave."""

    id: str
    step: str
    state: str
    progress: float
    created_at: datetime
    finished_at: datetime | None
    failure: str | None


class Wave(msgspec.Struct, frozen=True):
    """A wave as the Entry Service answers it; see its OpenAPI document."""

    id: str
    campaign_id: str
    team_id: str
    name: str
    state: str
    strategy: str
    reassignment: str
    score_min: float | None
    score_max: float | None
    capacities: list[Capacity]
    draw: Draw | None
    summary: Summary | None
    job: Job | None
    file_url: str | None
    created_at: datetime
    committed_at: datetime | None
    finalized_at: datetime | None


class WaveAnswer(msgspec.Struct, frozen=True):
    """A wave after a call; `replayed` when an earlier call had done it."""

    wave: Wave
    replayed: bool = False


class NewWave(msgspec.Struct, frozen=True):
    """A wave to draft; `capacities` are `{event_id, capacity}`."""

    campaign_id: str
    name: str
    strategy: str
    reassignment: str
    score_min: float | None
    score_max: float | None
    capacities: list[dict[str, Any]] | None
    idempotency_key: str | None


class MarketForecast(msgspec.Struct, frozen=True):
    """One market of a preview, in tickets."""

    market_id: str
    capacity: int
    demand: int
    selected: int
    shortfall: int


class Preview(msgspec.Struct, frozen=True):
    """What a wave would come to."""

    eligible: int
    selected: int
    first_choices: int
    markets: list[MarketForecast]
    computed_at: datetime


class PreviewAnswer(msgspec.Struct, frozen=True):
    """A preview, or the work of computing one."""

    preview: Preview | None = None
    job: Job | None = None


class KeptPreview(msgspec.Struct, frozen=True):
    """The last preview that the worker computed of a wave, and its work."""

    wave_id: str
    preview: Preview | None
    job: Job


class Verification(msgspec.Struct, frozen=True):
    """What recomputing a draw found."""

    valid: bool
    roster_root_matches: bool
    seed_matches: bool
    outcome_matches: bool
    roster_size: int
    selected: int
    verified_at: datetime | None = None


class PublicDraw(msgspec.Struct, frozen=True):
    """What anybody may know of a wave's draw."""

    wave_id: str
    campaign_id: str
    state: str
    strategy: str
    committed_at: datetime
    finalized_at: datetime | None
    eligible: int
    selected: int | None
    draw: Draw


class PathNode(msgspec.Struct, frozen=True):
    """A node beside the way from a leaf to the root, in hex."""

    hash: str
    left: bool


class Receipt(msgspec.Struct, frozen=True):
    """That an entry was on the roster of a wave."""

    entry_id: str
    wave_id: str
    line: str
    path: list[PathNode]
    roster_root: str


class Selection(msgspec.Struct, frozen=True):
    """A fan won."""

    id: str
    wave_id: str
    wave_state: str
    entry_id: str
    user_id: str
    campaign_id: str
    team_id: str
    event_id: str
    market_id: str
    preference_rank: int


class SelectionPageRequest(msgspec.Struct, frozen=True):
    """Selections of a wave, in id order."""

    wave_id: str
    limit: int
    after: str | None = None


class _Waves(msgspec.Struct):
    waves: list[Wave]


class _Previews(msgspec.Struct):
    previews: list[KeptPreview]


class _Draws(msgspec.Struct):
    draws: list[PublicDraw]


class _Receipts(msgspec.Struct):
    receipts: list[Receipt]


class _Selections(msgspec.Struct):
    selections: list[Selection]


class _Pages(msgspec.Struct):
    pages: list[Page[Selection]]


class WavesBackend:
    """Calls of one request, on behalf of `actor`. Steps raise the backend's problems."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self._upstream = upstream
        self._actor = actor

    async def create(self, new: NewWave) -> WaveAnswer:
        """Drafts a wave."""
        return await self._post("/waves", WaveAnswer, new)

    async def preview(self, wave_id: str) -> PreviewAnswer:
        """What a wave would come to if it were drawn now."""
        return await self._post("/waves/preview", PreviewAnswer, {"wave_id": wave_id})

    async def commit(self, wave_id: str, beacon: dict[str, str] | None) -> WaveAnswer:
        """Freezes the roster, or has it frozen; `beacon` is `{source, round}`."""
        return await self._post("/waves/commit", WaveAnswer, {"wave_id": wave_id, "beacon": beacon})

    async def run(self, wave_id: str, beacon_value: str | None, idempotency_key: str | None) -> WaveAnswer:
        """Has a wave drawn."""
        body = {"wave_id": wave_id, "beacon_value": beacon_value, "idempotency_key": idempotency_key}
        return await self._post("/waves/run", WaveAnswer, body)

    async def finalize(self, wave_id: str) -> WaveAnswer:
        """Makes the outcome final."""
        return await self._post("/waves/finalize", WaveAnswer, {"wave_id": wave_id})

    async def cancel(self, wave_id: str) -> WaveAnswer:
        """Calls a wave off."""
        return await self._post("/waves/cancel", WaveAnswer, {"wave_id": wave_id})

    async def verify(self, wave_id: str) -> Verification:
        """Recomputes a draw."""
        return await self._post("/waves/verify", Verification, {"wave_id": wave_id})

    async def previews(self, wave_ids: Sequence[str]) -> list[KeptPreview]:
        """The previews that the worker computed of these waves."""
        return (await self._read("/waves/previews", _Previews, {"ids": wave_ids})).previews

    async def draws_of_campaigns(self, campaign_ids: Sequence[str]) -> list[PublicDraw]:
        """What these campaigns published about their draws, oldest first."""
        return (await self._read("/draws/of-campaigns", _Draws, {"ids": campaign_ids})).draws

    async def receipts_of_entries(self, entry_ids: Sequence[str]) -> list[Receipt]:
        """What proves to these entries that they were on rosters."""
        return (await self._read("/draws/receipts", _Receipts, {"ids": entry_ids})).receipts

    async def waves(self, ids: Sequence[str]) -> list[Wave]:
        """Waves by id; unknown ids are left out."""
        return (await self._read("/waves/batch", _Waves, {"ids": ids})).waves

    async def waves_of_campaigns(self, campaign_ids: Sequence[str]) -> list[Wave]:
        """All waves of these campaigns, oldest first."""
        return (await self._read("/waves/of-campaigns", _Waves, {"ids": campaign_ids})).waves

    async def pages_of_waves(self, pages: Sequence[SelectionPageRequest]) -> list[Page[Selection]]:
        """Pages of waves' selections, in the order of the requests."""
        return one_for_each(pages, (await self._read("/waves/selections", _Pages, {"pages": pages})).pages)

    async def selections(self, ids: Sequence[str]) -> list[Selection]:
        """Selections by id; unknown ids are left out."""
        return (await self._read("/selections/batch", _Selections, {"ids": ids})).selections

    async def selections_of_entries(self, entry_ids: Sequence[str]) -> list[Selection]:
        """What these entries have won in finalized waves, oldest first."""
        return (await self._read("/selections/of-entries", _Selections, {"ids": entry_ids})).selections

    async def _read(self, path: str, returns: Any, body: Any) -> Any:
        return await self._upstream.call("POST", path, returns, body, actor=self._actor, idempotent=True)

    async def _post(self, path: str, returns: Any, body: Any) -> Any:
        return await self._upstream.call("POST", path, returns, body, actor=self._actor)
