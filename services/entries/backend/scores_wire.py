"""Scores on the wire."""

from typing import Literal

import msgspec

from services.kit.wire import Moment


class Score(msgspec.Struct, frozen=True):
    """What an entry scores, 0 to 1, and the codes of what that is made of.

    `source` is BUILT_IN or EXTERNAL; reasons of the latter are whatever the outside scorer calls them.
    """

    entry_id: str
    value: float
    reasons: list[str]
    source: Literal["BUILT_IN", "EXTERNAL"]
    computed_at: Moment


class Scores(msgspec.Struct):
    """Scores of entries, in no particular order; those that have none yet, and unknown ids, are left out."""

    scores: list[Score]
