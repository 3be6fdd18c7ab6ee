"""Submits, withdrawals, confirmations and a close in any order, many at a time: the end is as it must be."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.devtools.databases import ServiceDatabase
from services.entries.backend import wire
from services.kit.errors import DomainError
from tests.support.service import ServiceUnderTest
from tests.unit.entries.registrations import campaign, entries_service, fan, id_of, publish, tell

WITNESS = """
CREATE TABLE witness (n bigint GENERATED ALWAYS AS IDENTITY, entry_id text, campaign_id text, before text, after text);
CREATE FUNCTION testify() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO witness (entry_id, campaign_id, before, after)
    VALUES (NEW.id, NEW.campaign_id, CASE TG_OP WHEN 'UPDATE' THEN OLD.state END, NEW.state);
    RETURN NULL;
END $$;
CREATE TRIGGER testimony AFTER INSERT OR UPDATE OF state ON entry FOR EACH ROW EXECUTE FUNCTION testify();
GRANT SELECT ON witness TO PUBLIC;
"""
FANS = ("ann", "bea", "cyd")
ACTS = st.tuples(st.sampled_from(["submit", "submit", "withdraw", "confirm"]), st.sampled_from(FANS))
ROUNDS = st.lists(st.lists(ACTS, min_size=1, max_size=6), min_size=1, max_size=4)


@pytest.fixture
def witnessed(database: Callable[[str], ServiceDatabase]) -> ServiceDatabase:
    """A database that remembers every change of state."""
    made = database("entries")
    with psycopg.connect(made.owner_dsn, autocommit=True) as owner:
        owner.execute(WITNESS)
    return made


@given(before=ROUNDS, beside=st.lists(ACTS, max_size=6), after=ROUNDS)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_interleaving_ends_well(
    witnessed: ServiceDatabase, before: list[list[Any]], beside: list[Any], after: list[list[Any]]
) -> None:
    asyncio.run(_play(witnessed, before, beside, after))


async def _play(
    made: ServiceDatabase, before: list[list[Any]], beside: list[Any], after: list[list[Any]]
) -> None:
    async with entries_service(lambda _: made) as service:
        tour = campaign(phone_required=True)
        names = {name: f"{name}-{tour['id']}" for name in FANS}
        await publish(service, tour)
        for acts in before:
            await asyncio.gather(*(_act(service, tour, act, names[who]) for act, who in acts))
        close = publish(service, {**tour, "version": 2, "state": "CLOSED"})
        await asyncio.gather(*(_act(service, tour, act, names[who]) for act, who in beside), close)
        roster = await _roster(service, tour)
        for acts in after:
            outcomes = await asyncio.gather(
                *(_act(service, tour, act, names[who]) for act, who in acts),
                service.resources.snapshots.invalidate_unconfirmed(),
            )
            assert not any(isinstance(outcome, wire.Submitted) for outcome in outcomes)
        await service.resources.snapshots.invalidate_unconfirmed()
        _check_end(roster, await _roster(service, tour))
        await _check_history(service, tour)


async def _act(service: ServiceUnderTest, tour: dict[str, Any], act: str, subject: str) -> Any:
    if act == "submit":
        identity = wire.Identity(
            id_of(subject), "http://issuer.test", subject, email=f"{subject}@example.com"
        )
        [outcome] = await service.resources.submissions.submit(
            [wire.Submission(tour["id"], identity, [tour["markets"][0]["id"]])]
        )
        return outcome
    if act == "confirm":
        return await tell(service, fan(subject, phone_verified=True))
    for entry in await service.resources.store.entries_of_user(id_of(subject), [tour["id"]]):
        with suppress(DomainError):
            await service.resources.changes.withdraw(id_of(subject), entry.id)
    return None


async def _roster(service: ServiceUnderTest, tour: dict[str, Any]) -> dict[str, str]:
    rows = await service.resources.database.pool.fetch(
        "SELECT user_id, id, state FROM entry_now WHERE campaign_id = $1", tour["id"]
    )
    assert len({row["user_id"] for row in rows}) == len(rows), "one entry a person"
    return {row["id"]: row["state"] for row in rows}


def _check_end(at_close: dict[str, str], at_end: dict[str, str]) -> None:
    assert at_end == at_close, "what is read at the close stays, whatever comes after"
    assert set(at_end.values()) <= {"ACCEPTED", "INVALIDATED", "WITHDRAWN"}


async def _check_history(service: ServiceUnderTest, tour: dict[str, Any]) -> None:
    rows = await service.resources.database.pool.fetch(
        "SELECT entry_id, after FROM witness WHERE campaign_id = $1 ORDER BY n", tour["id"]
    )
    history: dict[str, list[str]] = {}
    for row in rows:
        history.setdefault(row["entry_id"], []).append(row["after"])
    for states in history.values():
        assert states[0] in {"PENDING_PHONE", "ACCEPTED"}
        assert "INVALIDATED" not in states[:-1], "invalidated once, and last"
