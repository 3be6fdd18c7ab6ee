"""The selection rules: tables of what each strategy does, and properties that no roster may break."""

from collections import Counter
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.entries.backend.waves_rules import ORDERS, Ballot, Pick, Seat, lottery_number, select

MARKETS = ["mkt_a", "mkt_b", "mkt_c"]
SEED = bytes(range(32))
EVERY_STRATEGY = sorted(ORDERS)


def ballot(
    entry: str,
    *markets: str,
    quantity: int = 1,
    score: float | None = None,
    at: int = 0,
    barred: tuple[str, ...] = (),
) -> Ballot:
    return Ballot(entry, markets, quantity, score, at, barred)


def seat(event: str, market: str, capacity: int, ticket_limit: int = 8) -> Seat:
    return Seat(event, market, capacity, ticket_limit)


def winners(picks: Sequence[Pick]) -> dict[str, str]:
    return {pick.entry_id: pick.market_id for pick in picks}


@st.composite
def rosters(draw: st.DrawFn) -> list[Ballot]:
    size = draw(st.integers(0, 25))
    return [
        Ballot(
            f"ent_{number:02}",
            tuple(draw(st.permutations(MARKETS))[: draw(st.integers(1, 3))]),
            draw(st.integers(1, 4)),
            draw(st.none() | st.floats(0, 100)),
            draw(st.integers(0, 5)),
            tuple(draw(st.sets(st.sampled_from(MARKETS), max_size=1))),
        )
        for number in range(size)
    ]


@st.composite
def halls(draw: st.DrawFn) -> list[Seat]:
    return [
        seat(
            f"evt_{number}", draw(st.sampled_from(MARKETS)), draw(st.integers(0, 8)), draw(st.integers(1, 4))
        )
        for number in range(draw(st.integers(0, 5)))
    ]


def oracle(strategy: str, roster: list[Ballot], seats: list[Seat]) -> set[tuple[str, str]]:
    """The rules once more, as plainly as can be: (entry, event) of each winner."""
    number = {b.entry_id: lottery_number(SEED, b.entry_id) for b in roster}
    queue = ORDERS[strategy](roster, SEED)
    if strategy == "FIRST_COME":
        queue = sorted(roster, key=lambda b: (b.submitted, b.entry_id))
    if strategy in ("RANDOM_PRIORITY", "IMMEDIATE_ACCEPTANCE"):
        queue = sorted(roster, key=lambda b: number[b.entry_id])
    if strategy == "SCORE_PRIORITY":
        queue = sorted(roster, key=lambda b: (b.score is None, -(b.score or 0), number[b.entry_id]))
    turns = [(b, rank) for b in queue for rank in range(len(b.preferences))]
    if strategy == "IMMEDIATE_ACCEPTANCE":
        turns.sort(key=lambda turn: turn[1])
    left = {s.event_id: s.capacity for s in seats}
    won: set[tuple[str, str]] = set()
    for b, rank in turns:
        if any(entry == b.entry_id for entry, _ in won) or b.preferences[rank] in b.barred:
            continue
        for s in sorted(seats, key=lambda s: s.event_id):
            if s.market_id == b.preferences[rank] and s.ticket_limit >= b.quantity <= left[s.event_id]:
                left[s.event_id] -= b.quantity
                won.add((b.entry_id, s.event_id))
                break
    return won


@pytest.mark.parametrize("strategy", EVERY_STRATEGY)
@settings(max_examples=60, deadline=None)
@given(roster=rosters(), seats=halls())
def test_agrees_with_the_plain_rules(strategy: str, roster: list[Ballot], seats: list[Seat]) -> None:
    picks = select(strategy, roster, seats, SEED)
    assert {(p.entry_id, p.event_id) for p in picks} == oracle(strategy, roster, seats)
    assert len({p.entry_id for p in picks}) == len(picks)


@pytest.mark.parametrize("strategy", EVERY_STRATEGY)
@settings(max_examples=60, deadline=None)
@given(roster=rosters(), seats=halls())
def test_never_too_many_never_unranked_never_a_wasted_seat(
    strategy: str, roster: list[Ballot], seats: list[Seat]
) -> None:
    picks = select(strategy, roster, seats, SEED)
    by_entry = {b.entry_id: b for b in roster}
    by_event = {s.event_id: s for s in seats}
    sold = Counter[str]()
    for pick in picks:
        fan = by_entry[pick.entry_id]
        assert fan.preferences[pick.rank - 1] == pick.market_id == by_event[pick.event_id].market_id
        assert pick.market_id not in fan.barred
        assert fan.quantity <= by_event[pick.event_id].ticket_limit
        sold[pick.event_id] += fan.quantity
    assert all(sold[s.event_id] <= s.capacity for s in seats)
    for loser in by_entry.keys() - {p.entry_id for p in picks}:
        fan = by_entry[loser]
        wanted = [
            s
            for s in seats
            if s.market_id in set(fan.preferences) - set(fan.barred) and s.ticket_limit >= fan.quantity
        ]
        assert all(s.capacity - sold[s.event_id] < fan.quantity for s in wanted), (
            "a seat stays free that she wanted"
        )


@pytest.mark.parametrize("strategy", EVERY_STRATEGY)
@settings(max_examples=30, deadline=None)
@given(roster=rosters(), seats=halls(), shuffle=st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(
    strategy: str, roster: list[Ballot], seats: list[Seat], shuffle: Random
) -> None:
    once = select(strategy, roster, seats, SEED)
    shuffle.shuffle(roster)
    shuffle.shuffle(seats)
    assert select(strategy, roster, seats, SEED) == once


@pytest.mark.parametrize("strategy", EVERY_STRATEGY)
@settings(max_examples=30, deadline=None)
@given(roster=rosters(), seats=halls())
def test_a_loser_more_or_less_changes_nothing(strategy: str, roster: list[Ballot], seats: list[Seat]) -> None:
    picks = select(strategy, roster, seats, SEED)
    losers = {b.entry_id for b in roster} - {p.entry_id for p in picks}
    for loser in losers:
        assert select(strategy, [b for b in roster if b.entry_id != loser], seats, SEED) == picks


@settings(max_examples=100, deadline=None)
@given(roster=rosters().filter(bool), seats=halls(), lie=st.permutations(MARKETS), length=st.integers(1, 3))
def test_lying_does_not_pay_in_a_lottery(
    roster: list[Ballot], seats: list[Seat], lie: list[str], length: int
) -> None:
    honest = roster[0]
    liar = honest._replace(preferences=tuple(lie[:length]))

    def worth(picks: list[Pick]) -> int:
        """Her true rank of what she got; worst when she got nothing, or what she never wanted."""
        got = next((p.market_id for p in picks if p.entry_id == honest.entry_id), None)
        return honest.preferences.index(got) if got in honest.preferences else len(MARKETS)

    truth = worth(select("RANDOM_PRIORITY", roster, seats, SEED))
    assert truth <= worth(select("RANDOM_PRIORITY", [liar, *roster[1:]], seats, SEED))


def test_lying_can_pay_where_first_choices_go_first() -> None:
    """The negative control of the test above: this strategy is not strategy-proof."""
    first, second = sorted(["ent_1", "ent_2"], key=lambda entry: lottery_number(SEED, entry))
    roster = [ballot(first, "mkt_a"), ballot(second, "mkt_a", "mkt_b"), ballot("ent_3", "mkt_b")]
    seats = [seat("evt_1", "mkt_a", 1), seat("evt_2", "mkt_b", 1)]
    assert second not in winners(select("IMMEDIATE_ACCEPTANCE", roster, seats, SEED))
    lottery_first = min([second, "ent_3"], key=lambda entry: lottery_number(SEED, entry))
    roster[1] = ballot(second, "mkt_b")
    assert winners(select("IMMEDIATE_ACCEPTANCE", roster, seats, SEED))[lottery_first] == "mkt_b"


def test_another_seed_draws_other_winners() -> None:
    roster = [ballot(f"ent_{n}", "mkt_a") for n in range(100)]
    seats = [seat("evt_1", "mkt_a", 50)]
    draws = {tuple(winners(select("RANDOM_PRIORITY", roster, seats, bytes([n] * 32)))) for n in range(20)}
    assert len(draws) == 20


def test_every_fan_has_the_same_chance() -> None:
    roster = [ballot(f"ent_{n}", "mkt_a") for n in range(10)]
    wins = Counter(
        entry
        for n in range(2000)
        for entry in winners(select("RANDOM_PRIORITY", roster, [seat("evt_1", "mkt_a", 5)], n.to_bytes(32)))
    )
    assert all(900 < wins[b.entry_id] < 1100 for b in roster)


def test_weight_is_chance() -> None:
    roster = [
        ballot("ent_heavy", "mkt_a", score=3.0),
        ballot("ent_light", "mkt_a", score=1.0),
        ballot("ent_none", "mkt_a"),
    ]
    wins = Counter(
        entry
        for n in range(2000)
        for entry in winners(
            select("WEIGHTED_RANDOM_PRIORITY", roster, [seat("evt_1", "mkt_a", 1)], n.to_bytes(32))
        )
    )
    assert 1400 < wins["ent_heavy"] < 1600
    assert wins["ent_none"] == 0


def test_a_party_that_no_longer_fits_does_not_block_a_single() -> None:
    roster = [
        ballot("ent_1", "mkt_a", quantity=2, at=1),
        ballot("ent_2", "mkt_a", quantity=4, at=2),
        ballot("ent_3", "mkt_a", at=3),
    ]
    assert winners(select("FIRST_COME", roster, [seat("evt_1", "mkt_a", 3)], SEED)).keys() == {
        "ent_1",
        "ent_3",
    }


def test_first_choices_go_before_second_ones() -> None:
    roster = [ballot("ent_1", "mkt_a", "mkt_b"), ballot("ent_2", "mkt_a", "mkt_b"), ballot("ent_3", "mkt_b")]
    seats = [seat("evt_1", "mkt_a", 1), seat("evt_2", "mkt_b", 1)]
    for n in range(50):
        assert winners(select("IMMEDIATE_ACCEPTANCE", roster, seats, bytes([n] * 32)))["ent_3"] == "mkt_b"


def test_events_of_a_market_fill_one_after_the_other() -> None:
    roster = [ballot(f"ent_{n}", "mkt_a", at=n) for n in range(3)]
    seats = [seat("evt_2", "mkt_a", 5), seat("evt_1", "mkt_a", 2)]
    assert [p.event_id for p in select("FIRST_COME", roster, seats, SEED)] == ["evt_1", "evt_1", "evt_2"]
