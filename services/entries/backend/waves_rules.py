"""Who wins: the selection rules. Pure: the same roster, seats and seed give the same picks, whatever the input order."""

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from services.kit.ids import encode

UNIT = 2.0**64


class Ballot(NamedTuple):
    """One fan's entry as the draw sees it.

    `preferences` are market ids in rank order; those in `barred` she may not win (she holds one there). `quantity` is the tickets of her
    party, which come together or not at all. `submitted` is microseconds since 1970.
    """

    entry_id: str
    preferences: Sequence[str]
    quantity: int
    score: float | None
    submitted: int
    barred: Sequence[str] = ()
    salt: bytes = b""


class Seat(NamedTuple):
    """What an event has to give: `capacity` in tickets, to parties of at most `ticket_limit`."""

    event_id: str
    market_id: str
    capacity: int
    ticket_limit: int


class Pick(NamedTuple):
    """A fan won `quantity` tickets of an event, in the market that she ranked `rank`th (from 1)."""

    entry_id: str
    event_id: str
    market_id: str
    rank: int
    quantity: int


def select(strategy: str, roster: Iterable[Ballot], seats: Sequence[Seat], seed: bytes) -> list[Pick]:
    """The winners, in entry id order.

    Fans choose one after the other in the order of the strategy, each the best-ranked market that still has room for her party. Under
    IMMEDIATE_ACCEPTANCE all first choices are served before any second.
    """
    order = ORDERS[strategy](roster, seed)
    hall = _Hall(seats)
    picks = _serve_by_rank(order, hall) if strategy == "IMMEDIATE_ACCEPTANCE" else _serve_in_turn(order, hall)
    return sorted(picks)


def lottery_number(seed: bytes, entry_id: str) -> bytes:
    """SHA-256 over the seed followed by the entry's id: lowest goes first, and nobody knows it before the seed."""
    return hashlib.sha256(seed + entry_id.encode()).digest()


def selection_id(wave_id: str, committed_at: datetime, entry_id: str) -> str:
    """The id that a wave's selection of an entry has, however often the wave is run; sorts by the time of the commitment."""
    digest = hashlib.sha256(f"{wave_id}|{entry_id}".encode()).digest()
    milliseconds = int(committed_at.timestamp() * 1000)
    return f"sel_{encode((milliseconds << 80) | int.from_bytes(digest[:10]))}"


class _Hall:
    """The tickets left. `open` has the markets with any; a market's events fill in the order of their ids."""

    def __init__(self, seats: Sequence[Seat]) -> None:
        self._left = {seat.event_id: seat.capacity for seat in seats if seat.capacity > 0}
        with_room = sorted((seat for seat in seats if seat.event_id in self._left), key=_by_market)
        self.open = {
            market: list(events) for market, events in groupby(with_room, key=lambda seat: seat.market_id)
        }

    def take(self, ballot: Ballot, rank: int) -> Pick | None:
        """Room for the whole party in her choice of this rank (an open market), if there is."""
        market = ballot.preferences[rank - 1]
        if market in ballot.barred:
            return None
        events = self.open[market]
        quantity = ballot.quantity
        for seat in events:
            if self._left[seat.event_id] >= quantity <= seat.ticket_limit:
                self._left[seat.event_id] -= quantity
                if not self._left[seat.event_id]:
                    events.remove(seat)
                    if not events:
                        del self.open[market]
                return Pick(ballot.entry_id, seat.event_id, market, rank, quantity)
        return None


def _serve_in_turn(order: Iterable[Ballot], hall: _Hall) -> Iterable[Pick]:
    for ballot in order:
        for rank, market in enumerate(ballot.preferences, 1):
            if market in hall.open and (pick := hall.take(ballot, rank)):
                yield pick
                break


def _serve_by_rank(order: Sequence[Ballot], hall: _Hall) -> Iterable[Pick]:
    waiting = list(order)
    rank = 1
    while waiting:
        losers: list[Ballot] = []
        for ballot in waiting:
            if ballot.preferences[rank - 1] in hall.open and (pick := hall.take(ballot, rank)):
                yield pick
            elif len(ballot.preferences) > rank:
                losers.append(ballot)
        waiting = losers
        rank += 1


def _by_market(seat: Seat) -> tuple[str, str]:
    return seat.market_id, seat.event_id


def _by_lottery(roster: Iterable[Ballot], seed: bytes) -> list[Ballot]:
    return sorted(roster, key=lambda ballot: lottery_number(seed, ballot.entry_id))


def _by_weight(roster: Iterable[Ballot], seed: bytes) -> list[Ballot]:
    """Exponential clocks: each fan's rings after -ln(u)/score, so that she comes first with probability score / sum of scores.

    No score, or none above zero, rings after all others, in lottery order.
    """

    def key(ballot: Ballot) -> tuple[float, bytes]:
        number = lottery_number(seed, ballot.entry_id)
        if ballot.score is None or ballot.score <= 0:
            return math.inf, number
        uniform = (int.from_bytes(number[:8]) + 1) / UNIT
        return -math.log(uniform) / ballot.score, number

    return sorted(roster, key=key)


def _by_score(roster: Iterable[Ballot], seed: bytes) -> list[Ballot]:
    """Highest score first, equal scores in lottery order, no score last."""

    def key(ballot: Ballot) -> tuple[float, bytes]:
        return math.inf if ballot.score is None else -ballot.score, lottery_number(seed, ballot.entry_id)

    return sorted(roster, key=key)


def _by_time(roster: Iterable[Ballot], _seed: bytes) -> list[Ballot]:
    return sorted(roster, key=lambda ballot: (ballot.submitted, ballot.entry_id))


ORDERS: dict[str, Callable[[Iterable[Ballot], bytes], list[Ballot]]] = {
    "RANDOM_PRIORITY": _by_lottery,
    "WEIGHTED_RANDOM_PRIORITY": _by_weight,
    "SCORE_PRIORITY": _by_score,
    "IMMEDIATE_ACCEPTANCE": _by_lottery,
    "FIRST_COME": _by_time,
}
"""Who chooses first, by strategy. Lottery numbers of different entries differ."""
