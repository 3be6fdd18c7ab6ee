"""updateEntryPreferences and withdrawEntry: her own entry, while the campaign is open."""

from dataclasses import replace
from typing import Any

import pytest

from services.entries.backend import changes_store
from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.entries.registrations import campaign, entries_service, publish, states, submit, wishes

UPDATE = """
mutation ($input: UpdateEntryPreferencesInput!) {
  updateEntryPreferences(input: $input) {
    __typename
    ... on EntryPreferencesUpdated { entry { id ticketQuantity preferences { rank market { id } } } }
    ... on CampaignNotOpen { state opensAt closesAt }
    ... on IllegalTransition { from to message }
    ... on InvalidPreferences { issues { path code } }
    ... on ValidationFailed { issues { path code } }
    ... on NotFound { message }
  }
}
"""
WITHDRAW = """
mutation ($input: WithdrawEntryInput!) {
  withdrawEntry(input: $input) {
    __typename
    ... on EntryWithdrawn { entry { id state } }
    ... on CampaignNotOpen { state }
    ... on IllegalTransition { from to }
    ... on NotFound { message }
  }
}
"""


async def change(service: ServiceUnderTest, mutation: str, subject: str, **input: Any) -> dict[str, Any]:
    answer = await service.graphql(mutation, {"input": input}, token=issuer.token(subject))
    assert "errors" not in answer, answer["errors"]
    return next(iter(answer["data"].values()))


async def test_wishes_change_and_what_is_left_out_stays(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign()
        await publish(service, tour)
        entry = (await submit(service, "ann", wishes(tour)))["entry"]
        third = tour["markets"][2]["id"]
        updated = await change(service, UPDATE, "ann", id=entry["id"], preferences=[{"marketId": third}])
        assert updated["entry"] == {
            "id": entry["id"],
            "ticketQuantity": 2,
            "preferences": [{"rank": 1, "market": {"id": third}}],
        }
        updated = await change(service, UPDATE, "ann", id=entry["id"], ticketQuantity=4)
        assert updated["entry"]["ticketQuantity"] == 4
        assert updated["entry"]["preferences"] == [{"rank": 1, "market": {"id": third}}]


@pytest.mark.parametrize(
    ("input", "outcome", "code"),
    [
        ({"preferences": []}, "InvalidPreferences", "EMPTY"),
        ({"preferences": [{"marketId": "mkt_other"}]}, "InvalidPreferences", "UNKNOWN_MARKET"),
        ({"ticketQuantity": 5}, "ValidationFailed", "OUT_OF_RANGE"),
        ({"ticketQuantity": 0}, "ValidationFailed", "OUT_OF_RANGE"),
    ],
)
async def test_wishes_that_cannot_be_granted_change_nothing(
    shared_database: Any, input: dict[str, Any], outcome: str, code: str
) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign()
        await publish(service, tour)
        entry = (await submit(service, "ann", wishes(tour)))["entry"]
        refused = await change(service, UPDATE, "ann", id=entry["id"], **input)
        assert (refused["__typename"], refused["issues"][0]["code"]) == (outcome, code)
        [kept] = await service.resources.store.entries([entry["id"]])
        assert [kept.ticket_quantity, len(kept.preferences)] == [2, 2]


def small_and_large() -> dict[str, Any]:
    """A campaign whose first market takes parties of 2 at most, the second of 4."""
    tour = campaign()
    tour["events"][0]["ticket_limit"] = 2
    return tour


async def test_party_and_markets_fit_whichever_of_them_changes(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tour = small_and_large()
        await publish(service, tour)
        small, large = ({"marketId": market["id"]} for market in tour["markets"][:2])
        entry = (await submit(service, "ann", wishes(tour, preferences=[small, large], ticketQuantity=4)))[
            "entry"
        ]
        refused = await change(service, UPDATE, "ann", id=entry["id"], preferences=[small])
        assert refused["issues"] == [{"path": ["ticketQuantity"], "code": "OUT_OF_RANGE"}]
        both = await change(service, UPDATE, "ann", id=entry["id"], preferences=[small], ticketQuantity=2)
        assert both["__typename"] == "EntryPreferencesUpdated"
        refused = await change(service, UPDATE, "ann", id=entry["id"], ticketQuantity=3)
        assert refused["__typename"] == "ValidationFailed"


@pytest.mark.parametrize("safe", [True, False], ids=["as it is", "control"])
async def test_two_changes_at_once_are_judged_one_after_the_other(
    shared_database: Any, monkeypatch: pytest.MonkeyPatch, safe: bool
) -> None:
    """One takes more tickets, the other leaves the only market that has so many: together nobody could grant them."""
    amend = changes_store.q.amend
    if not safe:
        guard = " AND e.version = $7"
        assert guard in amend.sql
        unguarded = amend.sql.replace(guard, " AND $7::int IS NOT NULL")
        monkeypatch.setitem(changes_store.q.all, "amend", replace(amend, sql=unguarded))
    async with entries_service(shared_database) as service:
        tour = small_and_large()
        await publish(service, tour)
        small, large = ({"marketId": market["id"]} for market in tour["markets"][:2])
        entry = (await submit(service, "ann", wishes(tour, preferences=[small, large])))["entry"]
        changes = service.resources.changes
        read, others = changes._own, [{"ticketQuantity": 4}]

        async def reads_before_the_other(actor: Any, id_: str) -> Any:
            row = await read(actor, id_)
            if others:
                await change(service, UPDATE, "ann", id=entry["id"], **others.pop())
            return row

        monkeypatch.setattr(changes, "_own", reads_before_the_other)
        answer = await change(service, UPDATE, "ann", id=entry["id"], preferences=[small])
        [kept] = await service.resources.store.entries([entry["id"]])
        assert (answer["__typename"] == "ValidationFailed") is safe
        assert (kept.ticket_quantity, len(kept.preferences)) == ((4, 2) if safe else (4, 1))


@pytest.mark.parametrize("mutation", [UPDATE, WITHDRAW], ids=["update", "withdraw"])
async def test_only_her_own_and_only_while_open(shared_database: Any, mutation: str) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign()
        await publish(service, tour)
        entry = (await submit(service, "ann", wishes(tour)))["entry"]
        service.grant("bea", "ENTRY_READ")
        assert (await change(service, mutation, "bea", id=entry["id"]))["__typename"] == "NotFound"
        assert (await change(service, mutation, "ann", id="ent_none"))["__typename"] == "NotFound"
        await publish(service, {**tour, "version": 2, "state": "PAUSED"})
        refused = await change(service, mutation, "ann", id=entry["id"])
        assert (refused["__typename"], refused["state"]) == ("CampaignNotOpen", "PAUSED")
        assert list((await states(service, tour)).values()) == ["ACCEPTED"]


async def test_a_withdrawal_can_be_repeated_and_undone_by_submitting(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign()
        await publish(service, tour)
        entry = (await submit(service, "ann", wishes(tour)))["entry"]
        for _ in range(2):
            withdrawn = await change(service, WITHDRAW, "ann", id=entry["id"])
            assert withdrawn["entry"] == {"id": entry["id"], "state": "WITHDRAWN"}
        refused = await change(service, UPDATE, "ann", id=entry["id"], ticketQuantity=1)
        assert refused["__typename"] == "IllegalTransition"
        assert refused["message"] == "An entry that is WITHDRAWN cannot be changed or withdrawn."
        again = await submit(service, "ann", wishes(tour, ticketQuantity=1))
        assert again["__typename"] == "EntrySubmitted"
        assert (again["entry"]["id"], again["entry"]["state"]) == (entry["id"], "ACCEPTED")
        assert again["entry"]["ticketQuantity"] == 1


async def test_a_review_cannot_be_escaped_by_withdrawing(shared_database: Any) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign()
        await publish(service, tour)
        entry = (await submit(service, "ann", wishes(tour)))["entry"]
        await service.resources.database.pool.execute(
            "UPDATE entry SET state = 'UNDER_REVIEW' WHERE id = $1", entry["id"]
        )
        refused = await change(service, WITHDRAW, "ann", id=entry["id"])
        assert (refused["__typename"], refused["from"]) == ("IllegalTransition", "UNDER_REVIEW")
