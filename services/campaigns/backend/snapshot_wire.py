"""The wire format in which campaigns are published to entries, codes and users."""

from msgspec import Struct

from services.campaigns.backend.gate_wire import Gate
from services.campaigns.backend.wire import State
from services.kit.wire import Moment, Whole


class SnapshotMarket(Struct):
    """A market as other services keep it."""

    id: str
    name: str
    country: str


class SnapshotEvent(Struct):
    """An event as other services keep it."""

    id: str
    market_id: str
    name: str
    starts_at: Moment
    presale_opens_at: Moment
    presale_closes_at: Moment
    allocation: Whole
    code_mode: str
    ticket_limit: Whole


class Snapshot(Struct):
    """A campaign as published to entries, codes and users; `version` grows with every change of any part of it."""

    id: str
    slug: str
    team_id: str
    version: Whole
    state: State
    default_locale: str
    countries: list[str]
    opens_at: Moment
    closes_at: Moment
    phone_required: bool
    identity_key: str
    gate: Gate | None
    score_min: float | None
    score_max: float | None
    titles: dict[str, str]
    sms_templates: dict[str, str]
    shares_fan_data: bool
    markets: list[SnapshotMarket]
    events: list[SnapshotEvent]
