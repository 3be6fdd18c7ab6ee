"""A fan may register in bursts and at a pace; what is above is RateLimited, and nobody else's matter."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.entries.subgraph.pace_rules import Pace
from tests.support import issuer
from tests.unit.entries.registrations import campaign, entries_service, publish, states, submit, wishes

AMEND = """
mutation ($input: UpdateEntryPreferencesInput!) {
  updateEntryPreferences(input: $input) { __typename ... on RateLimited { code retryAfterSeconds message } }
}
"""
WITHDRAW = """
mutation ($input: WithdrawEntryInput!) {
  withdrawEntry(input: $input) { __typename ... on RateLimited { code retryAfterSeconds message } }
}
"""
PAUSES = st.lists(st.floats(0, 20), max_size=60)


@given(PAUSES, st.integers(1, 5), st.integers(1, 120))
def test_no_span_holds_more_than_its_burst_and_its_refill(
    pauses: list[float], burst: int, per_minute: int
) -> None:
    pace, now, taken = Pace(burst, per_minute), 1000.0, list[float]()
    for pause in pauses:
        now += pause
        if not pace.take("ann", now):
            taken.append(now)
    for place, begin in enumerate(taken):
        for more, end in enumerate(taken[place:], 1):
            assert more <= burst + (end - begin) * per_minute / 60 + 1e-6


@given(PAUSES, st.integers(1, 5), st.integers(1, 120))
def test_who_waits_as_told_gets_through(pauses: list[float], burst: int, per_minute: int) -> None:
    pace, now = Pace(burst, per_minute), 1000.0
    for pause in pauses:
        now += pause
        if wait := pace.take("ann", now):
            assert pace.take("ann", now + wait) == 0
            now += wait


def test_nobody_waits_for_another_and_full_buckets_are_forgotten() -> None:
    pace = Pace(burst=1, per_minute=60)
    assert [pace.take(f"fan-{n}", 1000.0) for n in range(500)] == [0] * 500
    assert pace.take("fan-7", 1000.0) == 1
    for n in range(500):
        assert pace.take(f"later-{n}", 1002.0 + n / 1000) == 0
    assert len(pace) == 500


async def test_a_fan_in_a_hurry_is_told_when_to_come_again(shared_database: Any) -> None:
    async with entries_service(shared_database, ENTRIES_SUBMIT_BURST=3) as service:
        tour = campaign()
        await publish(service, tour)
        entered = await submit(service, "ann", wishes(tour))
        ids = {"input": {"id": entered["entry"]["id"]}}
        own = issuer.token("ann")
        answers = [await service.graphql(ask, ids, token=own) for ask in (AMEND, WITHDRAW)]
        assert [*answers[0]["data"].values(), *answers[1]["data"].values()] == [
            {"__typename": "EntryPreferencesUpdated"},
            {"__typename": "EntryWithdrawn"},
        ]
        refused = await submit(service, "ann", wishes(tour))
        assert refused == {"__typename": "RateLimited", "retryAfterSeconds": 2}
        for ask in (AMEND, WITHDRAW):
            [told] = (await service.graphql(ask, ids, token=own))["data"].values()
            assert (told["__typename"], told["code"]) == ("RateLimited", "RATE_LIMITED")
            assert "Try again in" in told["message"]
        assert (await submit(service, "bea", wishes(tour)))["__typename"] == "EntrySubmitted"
        assert set((await states(service, tour)).values()) == {"WITHDRAWN", "ACCEPTED"}
