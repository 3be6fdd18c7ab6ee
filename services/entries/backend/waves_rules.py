"""Who wins: the selection rules. Pure: the same roster, seats and seed give the same picks, in whatever order."""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from services.kit.errors import DomainError, IllegalTransition, Issue
from services.kit.ids import ids_at

UNIT = 2.0**64
MAX_NAME = 120
MAX_WAVES = 200
"""Of one campaign, drafts and those called off too: lists of a campaign's waves and an entry's wins have no pages."""
CLOSED = ("CLOSED", "SELECTING")
"""States of a campaign in which winners can be chosen."""


class SelectionInProgress(DomainError):
    """Another wave of the campaign is committed or running: finalize or cancel it first."""

    code = "SELECTION_IN_PROGRESS"


class CampaignStillOpen(DomainError):
    """Fans can still register: nobody may be selected before registration is over."""

    code = "CAMPAIGN_STILL_OPEN"


class SelectionNotFinished(DomainError):
    """The wave's selection has no outcome yet."""

    code = "SELECTION_NOT_FINISHED"


class EntriesNotScored(DomainError):
    """Entries that may take part have no score yet, where scores matter: they would be left out, or let in unseen."""

    code = "ENTRIES_NOT_SCORED"


class RosterNotFrozen(DomainError):
    """The worker is still freezing the roster: it must be published before the draw."""

    code = "ROSTER_NOT_FROZEN"


class Ballot(NamedTuple):
    """One fan's entry as the draw sees it.

    `preferences` are market ids in rank order; those in `barred` she may not win (she holds one there).
    `quantity` is the tickets of her party, which come together or not at all. `submitted` is microseconds since 1970.
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


BY_ENTRY = itemgetter(0)
"""The order of picks: a fan has one at most."""


class Forecast(NamedTuple):
    """A market in tickets: `demand` of fans who rank it first, `shortfall` of demand beyond capacity."""

    market_id: str
    capacity: int
    demand: int
    selected: int
    shortfall: int


def select(strategy: str, roster: Iterable[Ballot], seats: Sequence[Seat], seed: bytes) -> list[Pick]:
    """The winners, in entry id order.

    Fans choose one after the other in the order of the strategy, each the best-ranked market that still has room
    for her party. Under IMMEDIATE_ACCEPTANCE all first choices are served before any second.
    """
    order = ORDERS[strategy](roster, seed)
    hall = _Hall(seats)
    picks = _serve_by_rank(order, hall) if strategy == "IMMEDIATE_ACCEPTANCE" else _serve_in_turn(order, hall)
    return sorted(picks, key=BY_ENTRY)


def lottery_number(seed: bytes, entry_id: str) -> bytes:
    """SHA-256 over the seed followed by the entry's id: lowest goes first, and nobody knows it before the seed."""
    return hashlib.sha256(seed + entry_id.encode()).digest()


def selection_ids(wave_id: str, committed_at: datetime, count: int) -> list[str]:
    """The ids of a wave's selections in the order of their entries, the same however often it is run.

    They sort by the time of the commitment, then in that order: all indexes of selections grow at their ends.
    """
    wave = hashlib.sha256(wave_id.encode()).digest()[:6]
    rest = b"".join([place.to_bytes(4) + wave for place in range(count)])
    return ids_at("sel", int(committed_at.timestamp() * 1000), rest)


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
        if not hall.open:
            return
        for rank, market in enumerate(ballot.preferences, 1):
            if market in hall.open and (pick := hall.take(ballot, rank)):
                yield pick
                break


def _serve_by_rank(order: Sequence[Ballot], hall: _Hall) -> Iterable[Pick]:
    waiting = list(order)
    rank = 1
    while waiting and hall.open:
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
    """Exponential clocks: each fan's rings after -ln(u)/score, u from her lottery number, so that she comes first
    with probability score / sum of scores.

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


def campaign_refusal(campaign_state: str) -> Exception:
    """Why nobody can be selected while the campaign is in this state, which is neither CLOSED nor SELECTING."""
    if campaign_state in ("DRAFT", "SCHEDULED", "OPEN", "PAUSED"):
        return CampaignStillOpen(
            f"Fans can still register: the campaign is {campaign_state}. Close it, then select.",
            state=campaign_state,
        )
    return IllegalTransition(campaign_state, "SELECTING")


def plan_capacities(
    events: Sequence[Seat], given: Mapping[str, int], asked: Mapping[str, int] | None
) -> tuple[list[Seat], list[Issue]]:
    """What each event gives in a new wave, and what is wrong with what was asked.

    `events` have their allocation as capacity, `given` the tickets that earlier waves gave away. Without `asked`
    all that is left is given.
    """
    left = {seat.event_id: max(0, seat.capacity - given.get(seat.event_id, 0)) for seat in events}
    wanted = left if asked is None else asked
    issues = [
        Issue(["capacities"], "UNKNOWN_EVENT", f"{event_id} is not an event of this campaign.")
        for event_id in wanted.keys() - left.keys()
    ]
    issues += [
        Issue(
            ["capacities"],
            "OUT_OF_RANGE",
            f"{event_id} has {left[event_id]} tickets left to give: ask for 0 to {left[event_id]}.",
        )
        for event_id, capacity in wanted.items()
        if event_id in left and not 0 <= capacity <= left[event_id]
    ]
    return [
        seat._replace(capacity=wanted[seat.event_id]) for seat in events if seat.event_id in wanted
    ], issues


def repeated_events(event_ids: Sequence[str]) -> list[Issue]:
    """An event may be given a capacity once."""
    repeated = [event_id for event_id, times in Counter(event_ids).items() if times > 1]
    return [Issue(["capacities"], "REPEATED_EVENT", f"{event_id} is named twice.") for event_id in repeated]


def wave_issues(
    name: str, score_min: float | None, score_max: float | None, *, waves: int = 0
) -> list[Issue]:
    """What is wrong with a new wave of a campaign that has so many `waves`, capacities aside."""
    issues: list[Issue] = []
    if waves >= MAX_WAVES:
        issues.append(Issue(["campaignId"], "TOO_MANY", f"A campaign has {MAX_WAVES} waves at most."))
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        issues.append(Issue(["name"], "MALFORMED", f"name must be 1 to {MAX_NAME} printable characters."))
    if score_min is not None and score_max is not None and score_min > score_max:
        issues.append(
            Issue(["scoreRange"], "OUT_OF_RANGE", "scoreRange.min must not be above scoreRange.max.")
        )
    return issues


def forecast(roster: Sequence[Ballot], seats: Sequence[Seat], picks: Sequence[Pick]) -> list[Forecast]:
    """How each market of the wave would fare, by market id."""
    capacity = Counter[str]()
    demand = Counter[str]()
    selected = Counter[str]()
    for seat in seats:
        capacity[seat.market_id] += seat.capacity
    for ballot in roster:
        demand[ballot.preferences[0]] += ballot.quantity
    for pick in picks:
        selected[pick.market_id] += pick.quantity
    return [
        Forecast(
            market,
            capacity[market],
            demand[market],
            selected[market],
            max(0, demand[market] - capacity[market]),
        )
        for market in sorted(capacity)
    ]
