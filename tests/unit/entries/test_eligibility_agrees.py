"""Entry, page, roster and numbers say the same of every fan."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.devtools.databases import ServiceDatabase
from services.entries.backend import eligibility_store, rosters_store, rules, store, submissions_rules, wire
from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.entries.draws import Staff
from tests.unit.entries.registrations import (
    campaign,
    entries_service,
    fan,
    id_of,
    publish,
    submit,
    tell,
    wishes,
)

GATES = st.sampled_from(
    [
        None,
        {"card": {"brands": ["VISA"]}},
        {"any_of": [{"card": {"brands": ["VISA"]}}, {"region": {"countries": ["US"]}}]},
        {"all_of": [{"phone": True}, {"membership": True}]},
        {"region": {"countries": ["IE", "US"]}},
    ]
)
SCORES = st.none() | st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
FANS = st.lists(
    st.fixed_dictionaries(
        {
            "country": st.sampled_from([None, "US", "IE", "MX"]),
            "phone": st.booleans(),
            "card": st.booleans(),
            "member": st.booleans(),
            "score": SCORES,
            "state": st.sampled_from(["ACCEPTED"] * 4 + ["UNDER_REVIEW", "WITHDRAWN", "INVALIDATED"]),
        }
    ),
    min_size=1,
    max_size=8,
)
RANGES = st.sampled_from([(None, None), (0.25, None), (None, 0.75), (0.25, 0.75), (0.5, 0.5)])


@given(gate=GATES, range_=RANGES, fans=FANS, won=st.integers(0, 2))
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_entry_page_roster_and_numbers_agree(
    shared_database: Callable[[str], ServiceDatabase], gate: Any, range_: Any, fans: list[Any], won: int
) -> None:
    asyncio.run(_play(shared_database, gate, range_, fans, won))


class Lenient:
    """The rules as one door would have them that forgets about gates."""

    def __getattr__(self, name: str) -> Any:
        return getattr(rules, name)

    def requirements(self, *_: Any) -> list[wire.Reason]:
        return []

    def to_enter(self, *_: Any, **__: Any) -> list[wire.Reason]:
        return []

    def eligibility(self, terms: rules.Terms, *given: Any, **more: Any) -> list[wire.Reason]:
        return rules.eligibility(replace(terms, gate=None), *given, **more)


@pytest.mark.parametrize(
    "door",
    [submissions_rules, store, rosters_store, eligibility_store],
    ids=["entry", "page", "roster", "numbers"],
)
async def test_control_a_door_that_judges_otherwise_is_found_out(
    shared_database: Any, monkeypatch: pytest.MonkeyPatch, door: Any
) -> None:
    one = {"country": "US", "phone": True, "member": True, "score": None, "state": "ACCEPTED"}
    fans = [{**one, "card": True}, {**one, "card": False}]
    await _play(shared_database, {"card": {"brands": ["VISA"]}}, (None, None), fans, 0)
    monkeypatch.setattr(door, "rules", Lenient())
    with pytest.raises(AssertionError):
        await _play(shared_database, {"card": {"brands": ["VISA"]}}, (None, None), fans, 0)


async def _play(database: Any, gate: Any, range_: Any, fans: list[Any], won: int) -> None:
    async with entries_service(database) as service:
        low, high = range_
        tour = campaign(identity_key="GLOBAL_USER_ID", countries=["US", "IE"])
        await publish(service, tour)
        ids = await _enter(service, tour, fans)
        await _knock(service, gate, [f"{tour['id']}-{number}" for number in range(len(fans))])
        closed = {**tour, "state": "CLOSED", "score_min": low, "score_max": high}
        await publish(service, {**closed, "version": 2})
        staff = Staff(service)
        if won:
            seats = [{"eventId": tour["events"][0]["id"], "capacity": won}]
            await staff.final(closed, capacities=seats)
        await publish(service, {**closed, "version": 3, "gate": gate})
        reasons = await service.resources.store.eligibility_of_entries(ids)
        eligible = {id_ for id_ in ids if not reasons[id_]}
        wave = await staff.draft(closed)
        assert (await staff.commit(wave))["__typename"] == "WaveCommitted"
        pool = service.resources.database.pool
        rows = await pool.fetch("SELECT entry_id FROM wave_entry WHERE wave_id = $1", wave)
        assert {row["entry_id"] for row in rows} == eligible
        [counted] = await service.resources.eligibility.counts([tour["id"]])
        assert counted.eligible == len(eligible)
        assert {r.code: r.count for r in counted.reasons} == _counts(reasons)


async def _enter(service: ServiceUnderTest, tour: dict[str, Any], fans: list[Any]) -> list[str]:
    ids: list[str] = []
    for number, each in enumerate(fans):
        name = f"{tour['id']}-{number}"
        given = wishes(tour, ticketQuantity=1)
        entered = await submit(service, name, given, country=None, member_id=None)
        ids.append(entered["entry"]["id"])
        facts: dict[str, Any] = {
            "country": each["country"],
            "phone_verified": each["phone"],
            "cards": ["VISA"] if each["card"] else [],
            "member_id": f"m-{name}" if each["member"] else None,
        }
        await tell(service, fan(name, **facts))
        await service.resources.database.pool.execute(
            "UPDATE entry SET state = $2, score = $3, score_due = false WHERE id = $1",
            ids[-1],
            each["state"],
            each["score"],
        )
    return ids


async def _knock(service: ServiceUnderTest, gate: Any, names: list[str]) -> None:
    """Fans whose proofs are known by now try to enter a campaign with that gate, once its page has told them."""
    tour = campaign(identity_key="GLOBAL_USER_ID", countries=["US", "IE"], gate=gate)
    await publish(service, tour)
    for name in names:
        identity = wire.Identity(id_of(name), issuer.ISSUER, name)
        told = await service.resources.store.eligibility_for_campaigns(identity, [tour["id"]])
        answer = await submit(service, name, wishes(tour), country=None, member_id=None)
        refused = [reason["code"] for reason in answer.get("reasons", [])]
        assert refused == [reason.code for reason in told[tour["id"]]]
        assert (answer["__typename"] == "EntrySubmitted") == (not refused)


def _counts(reasons: dict[str, list[wire.Reason]]) -> dict[str, int]:
    codes = [code for each in reasons.values() for code in {reason.code for reason in each}]
    return {code: codes.count(code) for code in codes}
