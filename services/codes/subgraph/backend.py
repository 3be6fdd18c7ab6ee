"""The Code Service as this subgraph calls it: the only file that knows its HTTP paths."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec import field

from services.kit.upstream import Upstream

T = TypeVar("T")


class Scope(msgspec.Struct):
    """Whose a thing is."""

    id: str
    team_id: str
    campaign_id: str


class Counts(msgspec.Struct):
    """Codes of a pool by what became of them."""

    imported: int
    generated: int
    available: int
    reserved: int
    assigned: int
    redeemed: int
    expired: int
    voided: int


class Pool(msgspec.Struct):
    """The codes of one event."""

    id: str
    event_id: str
    campaign_id: str
    team_id: str
    low_watermark: int | None
    counts: Counts


class PoolMade(msgspec.Struct):
    pool: Pool
    replayed: bool


class CodesMade(msgspec.Struct):
    pool: Pool
    count: int
    replayed: bool


class Import(msgspec.Struct):
    """A file of codes on its way into a pool."""

    id: str
    pool_id: str
    campaign_id: str
    team_id: str
    state: str
    progress: float
    accepted: int
    duplicates: int
    malformed: int
    failure: str | None
    created_at: datetime
    finished_at: datetime | None


class ImportStarted(msgspec.Struct):
    import_: Import = field(name="import")
    replayed: bool


class LineError(msgspec.Struct):
    """A line of a file that was not taken."""

    import_id: str
    line: int
    code: str
    message: str


class Shortfall(msgspec.Struct):
    """Winners of an event for whom there is no code."""

    event_id: str
    missing: int


class Distribution(msgspec.Struct):
    """The codes of one wave on their way to its winners."""

    id: str
    wave_id: str
    campaign_id: str
    team_id: str
    state: str
    progress: float
    assigned: int
    delivered: int
    shortfalls: list[Shortfall]
    failure: str | None
    created_at: datetime
    finished_at: datetime | None


class DistributionStarted(msgspec.Struct):
    distribution: Distribution
    replayed: bool


class Code(msgspec.Struct):
    """A code. `value`: only where the actor owns it, it is released and good; `void_reason`: where she does not."""

    id: str
    event_id: str
    campaign_id: str
    team_id: str
    state: str
    masked: str
    value: str | None
    selection_id: str | None
    entry_id: str | None
    user_id: str | None
    assigned_at: datetime | None
    released_at: datetime | None
    redeemed_at: datetime | None
    voided_at: datetime | None
    void_reason: str | None
    superseded_by: str | None
    supersedes: str | None


class Revealed(msgspec.Struct):
    code: Code
    value: str


class _Scopes(msgspec.Struct):
    scopes: list[Scope]


class _Pools(msgspec.Struct):
    pools: list[Pool]


class _Imports(msgspec.Struct):
    imports: list[Import]


class _LineErrors(msgspec.Struct):
    errors: list[LineError]


class _Distributions(msgspec.Struct):
    distributions: list[Distribution]


class _Codes(msgspec.Struct):
    codes: list[Code]


class CodesBackend:
    """Calls of one request, on behalf of `actor`. Reads take many ids and leave out what is not there."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self._upstream = upstream
        self._actor = actor

    async def scopes(self, things: dict[str, list[str]]) -> list[Scope]:
        """Whose things are; `things` has ids under `events`, `pools`, `waves` and `selections`."""
        return (await self._read("/scopes", _Scopes, things)).scopes

    async def pools(self, *, ids: Sequence[str] = (), event_ids: Sequence[str] = ()) -> list[Pool]:
        return (await self._read("/pools/batch", _Pools, {"ids": ids, "event_ids": event_ids})).pools

    async def imports(self, ids: Sequence[str]) -> list[Import]:
        return (await self._read("/imports/batch", _Imports, {"ids": ids})).imports

    async def import_errors(self, ids: Sequence[str], first: int, after: int) -> list[LineError]:
        """The first `first` errors of each import behind the line `after`, by line."""
        body = {"ids": ids, "first": first, "after": after}
        return (await self._read("/imports/errors", _LineErrors, body)).errors

    async def distributions(
        self, *, ids: Sequence[str] = (), wave_ids: Sequence[str] = ()
    ) -> list[Distribution]:
        body = {"ids": ids, "wave_ids": wave_ids}
        return (await self._read("/distributions/batch", _Distributions, body)).distributions

    async def codes(
        self,
        *,
        ids: Sequence[str] = (),
        selection_ids: Sequence[str] = (),
        entry_ids: Sequence[str] = (),
    ) -> list[Code]:
        body = {"ids": ids, "selection_ids": selection_ids, "entry_ids": entry_ids}
        return (await self._read("/codes/batch", _Codes, body)).codes

    async def make_pool(self, event_id: str, low_watermark: int | None, key: str | None) -> PoolMade:
        """Raises Problem NOT_FOUND, VALIDATION_FAILED, IDEMPOTENCY_MISMATCH."""
        body = {"event_id": event_id, "low_watermark": low_watermark, "idempotency_key": key}
        return await self._write("/pools", PoolMade, body)

    async def start_import(
        self, pool_id: str, csv: str | None, upload_id: str | None, key: str | None
    ) -> ImportStarted:
        """Raises Problem NOT_FOUND, VALIDATION_FAILED, IDEMPOTENCY_MISMATCH."""
        body = {"csv": csv, "upload_id": upload_id, "idempotency_key": key}
        return await self._write(f"/pools/{pool_id}/imports", ImportStarted, body)

    async def generate_codes(self, pool_id: str, count: int, format: str, key: str | None) -> CodesMade:
        """Raises Problem NOT_FOUND, VALIDATION_FAILED, IDEMPOTENCY_MISMATCH."""
        body = {"count": count, "format": format, "idempotency_key": key}
        return await self._write(f"/pools/{pool_id}/codes", CodesMade, body)

    async def assign_codes(self, wave_id: str, key: str | None) -> DistributionStarted:
        """Raises Problem INSUFFICIENT_CODES, WAVE_NOT_FINALIZED, NOT_FOUND, IDEMPOTENCY_MISMATCH."""
        body = {"wave_id": wave_id, "idempotency_key": key}
        return await self._write("/distributions", DistributionStarted, body)

    async def reveal_code(self, selection_id: str) -> Revealed:
        """Raises Problem NOT_FOUND."""
        return await self._write("/codes/reveal", Revealed, {"selection_id": selection_id})

    async def _read(self, path: str, returns: type[T], body: object) -> T:
        return await self._upstream.call("POST", path, returns, body, actor=self._actor, idempotent=True)

    async def _write(self, path: str, returns: type[T], body: object) -> T:
        return await self._upstream.call("POST", path, returns, body, actor=self._actor)
