"""Discovery's rules: places in a list, when a provider is asked, and which ids are a provider's. Pure."""

import re
from dataclasses import dataclass

import msgspec

from services.kit.errors import Invalid, Issue

PROVIDER = "ticketmaster"
DEEPEST = 1000
"""The provider answers nothing from this place on: its `size` times `page` stays below."""

_EXTERNAL_ID = re.compile(r"(?:art|ven)_tm_([A-Za-z0-9_-]{1,60})")
_FAILURES = 3
_SHORTEST_PAUSE, _LONGEST_PAUSE = 15.0, 600.0


class Place(msgspec.Struct, frozen=True, array_like=True, tag="own"):
    """A place in a list of our own catalogue: the likeness demanded, and what the list is sorted by."""

    alike: float
    rank: float
    rank_then: float
    name: str
    id: str

    @property
    def text(self) -> str:
        """As it goes over the wire."""
        return msgspec.json.encode(self).decode()


class RemotePlace(msgspec.Struct, frozen=True, array_like=True, tag="tm"):
    """A place in a list of the provider: in pages of this size, the item of this number, from 0."""

    size: int
    number: int

    @property
    def text(self) -> str:
        """As it goes over the wire."""
        return msgspec.json.encode(self).decode()


_decode = msgspec.json.Decoder(Place | RemotePlace).decode


def parse_place(after: str | None) -> Place | RemotePlace | None:
    """The place behind an `after`. Raises Invalid for what is none."""
    if after is None:
        return None
    try:
        place = _decode(after)
    except msgspec.MsgspecError:
        place = None
    if not _is_possible(place):
        raise Invalid([Issue(["after"], "BAD_CURSOR", "after must be a cursor from an earlier page")])
    return place


def _is_possible(place: Place | RemotePlace | None) -> bool:
    match place:
        case RemotePlace():
            return 1 <= place.size <= 100 and 0 <= place.number < DEEPEST
        case Place():
            return 0 < place.alike <= 1
        case None:
            return False


def place_of(after: str | None) -> Place | None:
    """The place in our own catalogue; a place of the provider's list is the beginning of ours. Raises Invalid."""
    place = parse_place(after)
    return place if isinstance(place, Place) else None


def external_id(id_: str) -> str | None:
    """The provider's id in one of ours (`art_tm_…`, `ven_tm_…`); None for an id that is not the provider's."""
    match = _EXTERNAL_ID.fullmatch(id_)
    return match and match[1]


@dataclass
class Breaker:
    """When the provider is asked: after three failures in a row not for a while, then by one request that tries.

    Each failed try doubles the while, from 15 seconds to 10 minutes; a provider that says how long is believed, within
    that. Moments are seconds of a clock that never goes back.
    """

    failures: int = 0
    closed_until: float = 0.0

    def admits(self, now: float) -> bool:
        """Whether to ask now. Once a pause is over only the first who asks may: the others wait for what it finds."""
        if self.failures < _FAILURES:
            return True
        if now < self.closed_until:
            return False
        self.closed_until = now + _SHORTEST_PAUSE
        return True

    def succeeded(self) -> None:
        """The provider answered."""
        self.failures = 0

    def failed(self, now: float, *, wait: float | None = None) -> None:
        """The provider did not answer, or asked (`wait`, seconds) to be left alone: that counts at once."""
        self.failures = max(self.failures + 1, _FAILURES if wait is not None else 0)
        doubled = _SHORTEST_PAUSE * 2 ** min(self.failures - _FAILURES, 10)
        self.closed_until = now + min(max(doubled, wait or 0.0), _LONGEST_PAUSE)
