"""The Code Service's wire format: what its JSON looks like, in both directions."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

from services.kit.wire import JobState, Moment, Whole

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,80}$")]
Ids = Annotated[list[Id], Meta(max_length=1000)]
Key = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


class EventSnapshot(msgspec.Struct):
    """What this service keeps of an event. Other members are ignored."""

    id: str
    market_id: str | None = None
    name: str | None = None
    code_mode: str | None = None
    presale_opens_at: Moment | None = None
    presale_closes_at: Moment | None = None
    ticket_limit: Whole | None = None


class CampaignSnapshot(msgspec.Struct):
    """What this service keeps of a campaign: whose it is, its events, and its texts for winners. Others are ignored."""

    id: str
    team_id: str
    version: Whole
    events: list[EventSnapshot] = field(default_factory=list[EventSnapshot])
    slug: str | None = None
    default_locale: str | None = None
    titles: dict[str, str] = field(default_factory=dict[str, str])
    sms_templates: dict[str, str] = field(default_factory=dict[str, str])


class CampaignSnapshots(msgspec.Struct):
    campaigns: list[CampaignSnapshot]


class ScopeQuestions(msgspec.Struct):
    """Things whose team and campaign are asked for, by kind."""

    events: Ids = field(default_factory=list[str])
    pools: Ids = field(default_factory=list[str])
    waves: Ids = field(default_factory=list[str])
    selections: Ids = field(default_factory=list[str])


class Scope(msgspec.Struct):
    """Whose a thing is."""

    id: str
    team_id: str
    campaign_id: str


class Scopes(msgspec.Struct):
    """Scopes of what exists, in no particular order; unknown ids are left out."""

    scopes: list[Scope]


class Counts(msgspec.Struct):
    """Codes of a pool by what became of them: available to voided sum to imported + generated."""

    imported: Whole
    generated: Whole
    available: Whole
    reserved: Whole
    assigned: Whole
    redeemed: Whole
    expired: Whole
    voided: Whole


CodeState = Literal["AVAILABLE", "RESERVED", "ASSIGNED", "REDEEMED", "EXPIRED", "VOIDED"]


class Pool(msgspec.Struct):
    """The codes of one event."""

    id: str
    event_id: str
    campaign_id: str
    team_id: str
    low_watermark: Whole | None
    counts: Counts


class PoolQuestions(msgspec.Struct):
    """Pools by their own ids or by their events'."""

    ids: Ids = field(default_factory=list[str])
    event_ids: Ids = field(default_factory=list[str])


class Pools(msgspec.Struct):
    """Found pools, in no particular order; unknown ids are left out."""

    pools: list[Pool]


class NewPool(msgspec.Struct):
    event_id: Id
    low_watermark: Annotated[int, Meta(ge=0, le=1_000_000_000)] | None = None
    idempotency_key: Key | None = None


class PoolMade(msgspec.Struct):
    """The event's pool; `replayed`: it was there already, and nothing changed."""

    pool: Pool
    replayed: bool


class NewImport(msgspec.Struct):
    """Either `csv`, one code on a line, optionally under the header `code`, or the upload that holds such a file."""

    csv: str | None = None
    upload_id: Id | None = None
    idempotency_key: Key | None = None


class Import(msgspec.Struct):
    """A file of codes on its way into a pool; accepted + duplicates + malformed = lines read so far."""

    id: str
    pool_id: str
    campaign_id: str
    team_id: str
    state: JobState
    progress: float
    accepted: Whole
    duplicates: Whole
    malformed: Whole
    failure: str | None
    created_at: Moment
    finished_at: Moment | None


class ImportStarted(msgspec.Struct):
    """The job to poll; `replayed`: the idempotency key was used before, and nothing was started."""

    import_: Import = field(name="import")
    replayed: bool


class ImportIds(msgspec.Struct):
    ids: Ids


class Imports(msgspec.Struct):
    """Found imports, in no particular order; unknown ids are left out."""

    imports: list[Import]


class ImportErrorQuestions(msgspec.Struct):
    """The first `first` errors of each import, behind the line `after`."""

    ids: Ids
    first: Annotated[int, Meta(ge=1, le=1000)]
    after: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0


class LineError(msgspec.Struct):
    """A line that was not taken. `code` is stable, `message` is for people."""

    import_id: str
    line: Whole
    code: str
    message: str


class ImportErrors(msgspec.Struct):
    """By import, then by line."""

    errors: list[LineError]


class NewCodes(msgspec.Struct):
    """GROUPED codes have a dash behind each six characters, PLAIN ones have none."""

    count: Whole
    format: Literal["GROUPED", "PLAIN"] = "GROUPED"
    idempotency_key: Key | None = None


class CodesMade(msgspec.Struct):
    """How many codes were made, and the pool afterwards; `replayed`: the key was used before, and nothing was made."""

    pool: Pool
    count: Whole
    replayed: bool


class NewDistribution(msgspec.Struct):
    wave_id: Id
    idempotency_key: Key | None = None


class Shortfall(msgspec.Struct):
    """Winners of an event for whom there is no code."""

    event_id: str
    missing: Whole


class Distribution(msgspec.Struct):
    """The codes of one wave on their way to its winners."""

    id: str
    wave_id: str
    campaign_id: str
    team_id: str
    state: JobState
    progress: float
    assigned: Whole
    delivered: Whole
    shortfalls: list[Shortfall]
    failure: str | None
    created_at: Moment
    finished_at: Moment | None


class DistributionStarted(msgspec.Struct):
    """The wave's one distribution; `replayed`: it was there already."""

    distribution: Distribution
    replayed: bool


class DistributionQuestions(msgspec.Struct):
    """Distributions by their own ids or by their waves'."""

    ids: Ids = field(default_factory=list[str])
    wave_ids: Ids = field(default_factory=list[str])


class Distributions(msgspec.Struct):
    """Found distributions, in no particular order; unknown ids are left out."""

    distributions: list[Distribution]


class CodeQuestions(msgspec.Struct):
    """Codes by their own ids, or by the selections or entries that hold them."""

    ids: Ids = field(default_factory=list[str])
    selection_ids: Ids = field(default_factory=list[str])
    entry_ids: Ids = field(default_factory=list[str])


class Code(msgspec.Struct):
    """A code. `value` is its clear text, only where the actor owns it, it is released and not voided.

    `superseded_by` is the code that its owner got in its place, `supersedes` the one that it took the place of.
    `void_reason` is not for its owner.
    """

    id: str
    event_id: str
    campaign_id: str
    team_id: str
    state: CodeState
    masked: str
    value: str | None
    selection_id: str | None
    entry_id: str | None
    user_id: str | None
    assigned_at: Moment | None
    released_at: Moment | None
    redeemed_at: Moment | None
    voided_at: Moment | None
    void_reason: str | None
    superseded_by: str | None
    supersedes: str | None


class Codes(msgspec.Struct):
    """Found codes in the order of their ids; unknown ids are left out."""

    codes: list[Code]


class Reveal(msgspec.Struct):
    selection_id: Id


class Revealed(msgspec.Struct):
    """The code of a selection in clear. The reveal is in the audit log."""

    code: Code
    value: str


class Wave(msgspec.Struct):
    """A wave as the Entry Service answers it: winners counted per event. Other members are ignored."""

    id: str
    campaign_id: str
    state: str
    selected: list["Selected"]


class Selected(msgspec.Struct):
    event_id: str
    count: Whole


class Selection(msgspec.Struct):
    """A winner's place as the Entry Service answers it. Other members are ignored."""

    id: str
    entry_id: str
    user_id: str
    event_id: str


class Selections(msgspec.Struct):
    """A page of a wave's selections in the order of their ids."""

    items: list[Selection]
    has_next: bool
