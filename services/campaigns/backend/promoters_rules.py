"""What a promoter may change while its campaigns run. Pure."""

from collections.abc import Collection

from services.campaigns.backend.promoters_wire import Promoter, PromoterWrite
from services.campaigns.backend.wire import State
from services.kit.errors import Invalid, Issue

_BEGUN = frozenset({State.OPEN, State.PAUSED, State.CLOSED, State.SELECTING, State.FINISHED, State.ARCHIVED})


def check_sharing(before: Promoter, write: PromoterWrite, states: Collection[str]) -> None:
    """Refuses to begin sharing while a campaign has begun: its fans entered without being told. Raises Invalid.

    To stop is possible at any time.
    """
    begins = write.shares_fan_data and not before.shares_fan_data
    if begins and _BEGUN.intersection(states):
        message = (
            "Campaigns of this promoter have begun: their fans entered without being told that their data is shared."
            " Add another promoter for new campaigns."
        )
        raise Invalid([Issue(["shares_fan_data"], "LOCKED", message)])
