"""Scores on the wire."""

from datetime import datetime

import msgspec


class Score(msgspec.Struct, frozen=True):
    """What an entry scores, 0 to 1, and the codes of what that is made of.

    `source` is BUILT_IN or EXTERNAL; reasons of the latter are whatever the outside scorer calls them.
    """

    entry_id: str
    value: float
    reasons: list[str]
    source: str
    computed_at: datetime


class Scores(msgspec.Struct):
    """Scores of entries, in no particular order; those that have none yet, and unknown ids, are left out."""

    scores: list[Score]
