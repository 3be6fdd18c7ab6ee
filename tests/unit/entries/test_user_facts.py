"""Proofs count until they expire or are taken back; a confirmation counts by when it was made, not by when we heard."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.kit.pg import Query
from tests.support import issuer
from tests.unit.entries.draws import PREVIEW, Staff
from tests.unit.entries.registrations import (
    campaign,
    entries_service,
    fan,
    id_of,
    publish,
    states,
    submit,
    tell,
    wishes,
)

HOUR = timedelta(hours=1)
GATES: dict[str, dict[str, Any]] = {
    "cards": {"card": {"brands": ["VISA"]}},
    "accounts": {"linked_account": {"providers": ["VISA"]}},
    "tiers": {"identity": {"tier": "VISA"}},
}
_EXPIRE = Query(
    "expire", "", "UPDATE user_fact SET cards_until = ARRAY[now()] WHERE user_id = $1", ("user_id",)
)


def proof(until: timedelta | None) -> dict[str, Any]:
    return {"value": "VISA", "expires_at": datetime.now(UTC) + until if until else None}


@pytest.mark.parametrize("kind", GATES)
async def test_a_proof_counts_until_it_expires(database: Any, kind: str) -> None:
    async with entries_service(database) as service:
        tour = campaign(gate=GATES[kind])
        await publish(service, tour)
        for name, until, outcome in (
            ("ann", None, "EntrySubmitted"),
            ("bea", HOUR, "EntrySubmitted"),
            ("cyd", -HOUR, "GateUnmet"),
        ):
            await tell(service, {**fan(name), kind: [proof(until)]})
            assert (await submit(service, name, wishes(tour)))["__typename"] == outcome


async def test_of_two_proofs_the_one_that_holds_counts(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign(gate={"card": {"brands": ["AMEX"]}})
        await publish(service, tour)
        amex = {"value": "AMEX", "expires_at": datetime.now(UTC) + HOUR}
        await tell(service, fan("ann", cards=[proof(-HOUR), amex]))
        assert (await submit(service, "ann", wishes(tour)))["__typename"] == "EntrySubmitted"


async def test_a_proof_that_expired_or_was_taken_back_passes_neither_the_page_nor_the_roster(
    database: Any,
) -> None:
    async with entries_service(database) as service:
        tour = campaign(gate=GATES["cards"])
        await publish(service, tour)
        for name in ("ann", "bea", "cyd"):
            await tell(service, fan(name, cards=[proof(HOUR)]))
            await submit(service, name, wishes(tour))
        await service.resources.database.execute(_EXPIRE, user_id=id_of("bea"))
        await tell(service, fan("cyd", version=2))
        page = f'{{ _entities(representations: [{{ __typename: "Campaign", id: "{tour["id"]}" }}]) {{'
        page += " ... on Campaign { viewerEligibility { eligible reasons { code } } } } }"
        reasons: dict[str, list[str]] = {}
        for name in ("ann", "bea", "cyd"):
            answer = await service.graphql(page, token=issuer.token(name))
            [entity] = answer["data"]["_entities"]
            reasons[name] = [reason["code"] for reason in entity["viewerEligibility"]["reasons"]]
        assert reasons == {"ann": [], "bea": ["CARD_REQUIRED"], "cyd": ["CARD_REQUIRED"]}

        await publish(service, {**tour, "version": 2, "state": "CLOSED"})
        staff = Staff(service)
        wave = await staff.draft(tour)
        assert (await staff.ask(PREVIEW, {"waveId": wave}))["eligible"] == 1
        assert (await staff.commit(wave))["__typename"] == "WaveCommitted"
        roster = await service.resources.database.pool.fetch("SELECT user_id FROM wave_entry")
        assert [row["user_id"] for row in roster] == [id_of("ann")]


@pytest.mark.parametrize("job_ran", [False, True], ids=["before the job", "after the job"])
@pytest.mark.parametrize("ended", ["by hand", "by time"])
@pytest.mark.parametrize("late", [False, True], ids=["confirmed in time", "confirmed too late"])
async def test_news_of_a_confirmation_that_come_after_the_deadline(
    database: Any, job_ran: bool, ended: str, late: bool
) -> None:
    """Entries could not be reached when she confirmed. What counts is when she did, not when the news of it came."""
    async with entries_service(database) as service:
        tour = campaign(phone_required=True)
        await publish(service, tour)
        entry_id = (await submit(service, "ann", wishes(tour)))["entry"]["id"]
        before = datetime.now(UTC)
        end = {"state": "CLOSED"} if ended == "by hand" else {"closes_at": datetime.now(UTC)}
        await publish(service, {**tour, "version": 2, **end})
        if job_ran:
            assert await service.resources.snapshots.invalidate_unconfirmed() == 1
        confirmed_at = datetime.now(UTC) if late else before
        news = fan("ann", phone_verified=True, phone_verified_at=confirmed_at)
        for _ in range(2):
            await tell(service, news)
        [entry] = await service.resources.store.entries([entry_id])
        assert entry.state == ("INVALIDATED" if late else "ACCEPTED")
        assert await service.resources.snapshots.invalidate_unconfirmed() == (
            1 if late and not job_ran else 0
        )
        [after] = await service.resources.store.entries([entry_id])
        assert after.state == entry.state


async def test_a_later_end_of_registration_does_not_move_the_deadline(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign(phone_required=True)
        await publish(service, tour)
        await submit(service, "ann", wishes(tour))
        await publish(service, {**tour, "version": 2, "state": "CLOSED"})
        confirmed_at = datetime.now(UTC)
        await publish(service, {**tour, "version": 3, "state": "SELECTING"})
        await tell(service, fan("ann", phone_verified=True, phone_verified_at=confirmed_at))
        assert await states(service, tour) == {id_of("ann"): "PENDING_PHONE"}
        await service.resources.snapshots.invalidate_unconfirmed()
        assert await states(service, tour) == {id_of("ann"): "INVALIDATED"}


@pytest.mark.parametrize("state", ["INVALIDATED", "ERASED", "WITHDRAWN", "UNDER_REVIEW"])
async def test_late_news_change_nothing_that_was_decided_otherwise(database: Any, state: str) -> None:
    async with entries_service(database) as service:
        tour = campaign(phone_required=True)
        await publish(service, tour)
        await submit(service, "ann", wishes(tour))
        confirmed_at = datetime.now(UTC)
        await service.resources.database.pool.execute("UPDATE entry SET state = $1", state)
        await publish(service, {**tour, "version": 2, "state": "CLOSED"})
        await tell(service, fan("ann", phone_verified=True, phone_verified_at=confirmed_at))
        assert await states(service, tour) == {id_of("ann"): state}
