"""Reviews on the wire."""

from typing import Literal

import msgspec

from services.entries.backend import wire
from services.kit.wire import Moment, Whole

Decision = Literal["ACCEPT", "REJECT", "HOLD"]


class NewDecision(msgspec.Struct, frozen=True):
    """What the actor decides about an entry; `expected_version` is the version that she looked at."""

    id: str
    decision: Decision
    note: str | None = None
    expected_version: Whole | None = None


class NewAppeal(msgspec.Struct, frozen=True):
    """What the actor says to the last decision about her entry."""

    entry_id: str
    note: str
    idempotency_key: str | None = None


class AppealAnswer(msgspec.Struct, frozen=True):
    """The entry after an appeal; `replayed` when an earlier call had made it."""

    entry: wire.Entry
    replayed: bool


class Review(msgspec.Struct, frozen=True):
    """A decision about an entry, with its notes in clear. No `reviewer`: the campaign's threshold held it back.

    `open_to_appeal` says whether the fan may still say something to it.
    """

    id: str
    entry_id: str
    decision: Decision
    reviewer: str | None
    note: str | None
    decided_at: Moment
    appeal: str | None
    appealed_at: Moment | None
    open_to_appeal: bool


class Reviews(msgspec.Struct):
    """All decisions about entries, the newest first."""

    reviews: list[Review]


class Threshold(msgspec.Struct, frozen=True):
    """Below which score a campaign's entries are held back; null: none are."""

    campaign_id: str
    below_score: float | None


class Thresholds(msgspec.Struct):
    """Thresholds by campaign; campaigns without one are left out."""

    below: dict[str, float]
