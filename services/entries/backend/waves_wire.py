"""Waves and selections on the wire."""

from datetime import datetime

import msgspec

from services.kit.paging import Page


class Capacity(msgspec.Struct, frozen=True):
    """What an event gives in a wave, and how much of it is taken; both in tickets."""

    event_id: str
    market_id: str
    capacity: int
    selected: int


class Draw(msgspec.Struct, frozen=True):
    """What a wave published about its draw: hex, the seed and the outcome only once it was run."""

    algorithm: str
    roster_root: str
    seed_commitment: str
    seed: str | None
    outcome_hash: str | None


class Summary(msgspec.Struct, frozen=True):
    """What a draw came to, in fans."""

    eligible: int
    selected: int
    first_choices: int


class Job(msgspec.Struct, frozen=True):
    """The run of a selection; `progress` is 0 to 1."""

    id: str
    state: str
    progress: float
    created_at: datetime
    finished_at: datetime | None
    failure: str | None


class Wave(msgspec.Struct, frozen=True):
    """A wave as it is now. `team_id` is the campaign's; `draw` is there once committed, `summary` once run."""

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
    created_at: datetime
    committed_at: datetime | None
    finalized_at: datetime | None


class Ids(msgspec.Struct):
    ids: list[str]


class Waves(msgspec.Struct):
    """Found waves; unknown ids are left out."""

    waves: list[Wave]


class AskedCapacity(msgspec.Struct, frozen=True):
    """Tickets of an event that a wave may give away."""

    event_id: str
    capacity: int


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


class RunWave(msgspec.Struct, frozen=True):
    wave_id: str
    idempotency_key: str | None = None


class WaveAnswer(msgspec.Struct, frozen=True):
    """The wave after a call; `replayed` when an earlier call had done it."""

    wave: Wave
    replayed: bool = False


class MarketForecast(msgspec.Struct, frozen=True):
    """A market of a preview, in tickets: `demand` of fans who rank it first, `shortfall` of demand beyond capacity."""

    market_id: str
    capacity: int
    demand: int
    selected: int
    shortfall: int


class Preview(msgspec.Struct, frozen=True):
    """What a wave would come to, drawn with a seed that is thrown away. Fans, and tickets by market."""

    eligible: int
    selected: int
    first_choices: int
    markets: list[MarketForecast]


class Verification(msgspec.Struct, frozen=True):
    """What recomputing a draw found."""

    valid: bool
    roster_root_matches: bool
    seed_matches: bool
    outcome_matches: bool
    roster_size: int
    selected: int


class Selection(msgspec.Struct, frozen=True):
    """A fan won; `wave_state` says whether that is final yet."""

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


class Selections(msgspec.Struct):
    """Found selections; unknown ids are left out."""

    selections: list[Selection]


class SelectionPageRequest(msgspec.Struct, frozen=True):
    """Selections of a wave in id order; `after` is a selection id."""

    wave_id: str
    limit: int
    after: str | None = None


class SelectionPageRequests(msgspec.Struct):
    pages: list[SelectionPageRequest]


class SelectionPages(msgspec.Struct):
    """`pages[i]` answers the request's `pages[i]`."""

    pages: list[Page[Selection]]


class EventCount(msgspec.Struct, frozen=True):
    """How many fans won an event in a wave."""

    event_id: str
    count: int


class WaveForCodes(msgspec.Struct, frozen=True):
    """What the Code Service needs to know before it assigns: only a FINALIZED wave's selections are final."""

    id: str
    campaign_id: str
    state: str
    name: str
    selected: list[EventCount]
