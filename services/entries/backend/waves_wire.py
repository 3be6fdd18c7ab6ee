"""Waves and selections on the wire."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from services.kit.paging import Page
from services.kit.wire import ONE_FOR_EACH, JobState, Moment, Whole

State = Literal["DRAFT", "COMMITTED", "RUNNING", "FINALIZED", "CANCELLED"]
Strategy = Literal[
    "RANDOM_PRIORITY", "WEIGHTED_RANDOM_PRIORITY", "SCORE_PRIORITY", "IMMEDIATE_ACCEPTANCE", "FIRST_COME"
]
Reassignment = Literal["EXCLUDE_SELECTED", "EXCLUDE_REDEEMED", "ALLOW_OTHER_MARKET", "ALLOW_MULTIPLE"]


class Capacity(msgspec.Struct, frozen=True):
    """What an event gives in a wave, and how much of it is taken; both in tickets."""

    event_id: str
    market_id: str
    capacity: Whole
    selected: Whole


class Beacon(msgspec.Struct, frozen=True):
    """Public randomness that was announced with the commitment; its value is known once the draw was run."""

    source: str
    round: str
    value: str | None


class Draw(msgspec.Struct, frozen=True):
    """What a wave published about its draw: hex, the seed and the outcome only once it was run."""

    algorithm: str
    roster_root: str
    seed_commitment: str
    seed: str | None
    beacon: Beacon | None
    outcome_hash: str | None


class Summary(msgspec.Struct, frozen=True):
    """What a draw came to, in fans."""

    eligible: Whole
    selected: Whole
    first_choices: Whole


class Job(msgspec.Struct, frozen=True):
    """Work on a wave; `step` is ROSTER, DRAW or PREVIEW, `progress` is 0 to 1."""

    id: str
    step: Literal["ROSTER", "DRAW", "PREVIEW"]
    state: JobState
    progress: float
    created_at: Moment
    finished_at: Moment | None
    failure: str | None


class Wave(msgspec.Struct, frozen=True):
    """A wave as it is now. `team_id` is the campaign's; `draw` is there once its roster is frozen, `summary` and
    `file_url` once it was run.
    """

    id: str
    campaign_id: str
    team_id: str
    name: str
    state: State
    strategy: Strategy
    reassignment: Reassignment
    score_min: float | None
    score_max: float | None
    capacities: list[Capacity]
    draw: Draw | None
    summary: Summary | None
    job: Job | None
    file_url: str | None
    created_at: Moment
    committed_at: Moment | None
    finalized_at: Moment | None


class Ids(msgspec.Struct):
    ids: list[str]


class Waves(msgspec.Struct):
    """Found waves; unknown ids are left out."""

    waves: list[Wave]


class AskedCapacity(msgspec.Struct, frozen=True):
    """Tickets of an event that a wave may give away."""

    event_id: str
    capacity: Whole


class NewWave(msgspec.Struct, frozen=True):
    """A wave to draft. Without `capacities`, each event gives what earlier waves left of its allocation."""

    campaign_id: str
    name: str
    strategy: str
    reassignment: str = "EXCLUDE_SELECTED"
    score_min: float | None = None
    score_max: float | None = None
    capacities: list[AskedCapacity] | None = None
    idempotency_key: str | None = None


class WaveId(msgspec.Struct, frozen=True):
    wave_id: str


class AskedBeacon(msgspec.Struct, frozen=True):
    """Where public randomness will come from, and which: both are published before it exists."""

    source: Annotated[str, Meta(min_length=1, max_length=200)]
    round: Annotated[str, Meta(min_length=1, max_length=200)]


class CommitWave(msgspec.Struct, frozen=True):
    wave_id: str
    beacon: AskedBeacon | None = None


class RunWave(msgspec.Struct, frozen=True):
    """`beacon_value` is the public randomness that was announced, exactly as it was published."""

    wave_id: str
    beacon_value: Annotated[str, Meta(min_length=1, max_length=1000)] | None = None
    idempotency_key: str | None = None


class WaveAnswer(msgspec.Struct, frozen=True):
    """The wave after a call; `replayed` when an earlier call had done it."""

    wave: Wave
    replayed: bool = False


class MarketForecast(msgspec.Struct, frozen=True):
    """A market of a preview, in tickets: `demand` of fans who rank it first, `shortfall` of demand beyond capacity."""

    market_id: str
    capacity: Whole
    demand: Whole
    selected: Whole
    shortfall: Whole


class Preview(msgspec.Struct, frozen=True):
    """What a wave would come to, drawn with a seed that is thrown away. Fans, and tickets by market."""

    eligible: Whole
    selected: Whole
    first_choices: Whole
    markets: list[MarketForecast]
    computed_at: Moment


class PreviewAnswer(msgspec.Struct, frozen=True):
    """A preview, or the work of computing one that is too large to be waited for."""

    preview: Preview | None = None
    job: Job | None = None


class KeptPreview(msgspec.Struct, frozen=True):
    """The last preview of a large wave (none before the first was computed), and the work of computing it."""

    wave_id: str
    preview: Preview | None
    job: Job


class KeptPreviews(msgspec.Struct):
    """Found previews; waves without one are left out."""

    previews: list[KeptPreview]


class Verification(msgspec.Struct, frozen=True):
    """What recomputing a draw found; `verified_at` where that was earlier than now."""

    valid: bool
    roster_root_matches: bool
    seed_matches: bool
    outcome_matches: bool
    roster_size: Whole
    selected: Whole
    verified_at: Moment | None = None


class PublicDraw(msgspec.Struct, frozen=True):
    """What anybody may know of a wave's draw. `eligible` fans were on its roster, `selected` won."""

    wave_id: str
    campaign_id: str
    state: State
    strategy: Strategy
    committed_at: Moment
    finalized_at: Moment | None
    eligible: Whole
    selected: Whole | None
    draw: Draw


class PublicDraws(msgspec.Struct):
    """Draws of campaigns, oldest first."""

    draws: list[PublicDraw]


class PathNode(msgspec.Struct, frozen=True):
    """A node beside the way from a leaf to the root: hex, and whether it stands on the left."""

    hash: str
    left: bool


class Receipt(msgspec.Struct, frozen=True):
    """That an entry was on a roster: SHA-256 of 0x00 and `line` is a leaf, from which `path` leads to `roster_root`."""

    entry_id: str
    wave_id: str
    line: str
    path: list[PathNode]
    roster_root: str


class Receipts(msgspec.Struct):
    """Receipts of entries, by entry and wave; an entry may have none."""

    receipts: list[Receipt]


class Selection(msgspec.Struct, frozen=True):
    """A fan won; `wave_state` says whether that is final yet."""

    id: str
    wave_id: str
    wave_state: State
    entry_id: str
    user_id: str
    campaign_id: str
    team_id: str
    event_id: str
    market_id: str
    preference_rank: Whole


class Selections(msgspec.Struct):
    """Found selections; unknown ids are left out."""

    selections: list[Selection]


class SelectionPageRequest(msgspec.Struct, frozen=True):
    """Selections of a wave in id order; `after` is a selection id."""

    wave_id: str
    limit: Annotated[int, Meta(ge=1, le=5000)]
    after: str | None = None


class SelectionPageRequests(msgspec.Struct):
    pages: list[SelectionPageRequest]


class SelectionPages(msgspec.Struct):
    """`pages[i]` answers the request's `pages[i]`."""

    pages: Annotated[list[Page[Selection]], ONE_FOR_EACH]


class EventCount(msgspec.Struct, frozen=True):
    """How many fans won an event in a wave."""

    event_id: str
    count: Whole


class WaveForCodes(msgspec.Struct, frozen=True):
    """What the Code Service needs to know before it assigns: only a FINALIZED wave's selections are final."""

    id: str
    campaign_id: str
    state: State
    name: str
    selected: list[EventCount]
