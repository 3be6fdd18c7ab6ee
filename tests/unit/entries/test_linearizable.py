"""Whatever fans, reviewers, campaign and worker do at once comes out as if they had done it one after the other.

Rounds of acts run side by side on several connections. Of each round there must be an order in which a plain
model of registering (`registration_model.py`) answers every act what it was answered and ends with the very entries
that are stored.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scripts.devtools.databases import ServiceDatabase
from services.entries.backend import changes_store, reviews_wire, submissions_store, wire
from services.kit.errors import Conflict, DomainError, IllegalTransition, RateLimited
from services.kit.pg import Query
from tests.support.service import ServiceUnderTest
from tests.unit.entries.registration_model import Act, Entry, World, worlds_after
from tests.unit.entries.registrations import campaign, entries_service, fan, id_of, publish, tell
from tests.unit.entries.test_entry_races import without
from tests.unit.entries.test_tallies import compare

FANS = st.sampled_from(["ann", "bea"])
WISHES = st.sampled_from([(0,), (1,), (2, 0)])
FANS_ACT = st.one_of(
    st.builds(
        lambda who, *how: Act("submit", who, how), FANS, WISHES, st.sampled_from([None, None, "k", "l"])
    ),
    st.builds(lambda who, wishes: Act("amend", who, (wishes,)), FANS, WISHES),
    st.builds(Act, st.sampled_from(["withdraw", "withdraw", "confirm"]), FANS),
)
REVIEW = st.builds(
    lambda who, decision, looks: Act("review", who, (decision, looks)),
    FANS,
    st.sampled_from(["ACCEPT", "REJECT", "HOLD"]),
    st.booleans(),
)
ACT = st.one_of(FANS_ACT, FANS_ACT, REVIEW, st.just(Act("lapse")))
ROUNDS = st.lists(
    st.tuples(
        st.lists(ACT, min_size=1, max_size=5), st.sampled_from([None] * 4 + ["PAUSED", "OPEN", "CLOSED"])
    ),
    min_size=1,
    max_size=5,
)
Rounds = list[tuple[list[Act], str | None]]
OVERWRITES = "e.state IN ('WITHDRAWN', 'ACCEPTED', 'PENDING_PHONE')"
QUICK = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@given(ROUNDS)
@QUICK
def test_whatever_happens_at_once_happened_in_some_order(
    shared_database: Callable[[str], ServiceDatabase], rounds: Rounds
) -> None:
    asyncio.run(_play(shared_database, rounds))


@pytest.mark.parametrize(
    ("queries", "broken"),
    [
        (
            submissions_store.q,
            without(submissions_store.q.insert_entries, "e.state = 'WITHDRAWN'", OVERWRITES),
        ),
        (changes_store.q, without(changes_store.q.withdraw, "version = e.version + 1, ")),
        (changes_store.q, without(changes_store.q.amend, "= 'OPEN'", "<> 'x'")),
    ],
    ids=["a second submit overwrites", "a withdrawal that no reviewer notices", "a change after the close"],
)
def test_control_a_statement_without_its_safeguard_is_found_out(
    shared_database: Any, monkeypatch: pytest.MonkeyPatch, queries: Any, broken: Query
) -> None:
    monkeypatch.setitem(queries.all, broken.name, broken)
    if broken.name == "amend":  # without the look before, too: the statement alone is asked
        monkeypatch.setattr(changes_store, "_demand_open", lambda _row: None)

    found: list[str] = []

    @given(ROUNDS)
    @settings(QUICK, max_examples=100, phases=[Phase.generate])
    def play(rounds: Rounds) -> None:
        if not found:
            try:
                asyncio.run(_play(shared_database, rounds))
            except AssertionError as surprise:
                found.append(str(surprise))

    play()
    assert "in no order" in found[0]


async def test_who_withdraws_once_takes_back_one_entry(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """She enters again before the withdrawal's answer is read: that entry stays."""
    async with entries_service(database) as service:
        tour, changes = campaign(), service.resources.changes
        await publish(service, tour)
        world = World(confirmed=frozenset({"ann"}))
        enter = Act("submit", "ann", ((0,), None))
        await tell(service, fan(_name(tour, "ann"), phone_verified=True))
        assert await _do(service, tour, enter) == enter.on(world)[1]
        read, reads = changes._own, 0

        async def reads_late(actor: Any, id_: str) -> Any:
            nonlocal reads
            reads += 1
            if reads == 2:
                assert await _do(service, tour, enter) == "ACCEPTED"
            return await read(actor, id_)

        monkeypatch.setattr(changes, "_own", reads_late)
        assert await _do(service, tour, Act("withdraw", "ann")) == "done"
        assert (await _stored(service, tour))["ann"].state == "ACCEPTED"


async def _play(database: Any, rounds: Rounds) -> None:
    async with entries_service(database) as service:
        tour = campaign(phone_required=True)
        await publish(service, tour)
        world, state = World(), "OPEN"
        for acts, news in rounds:
            together = list(acts)
            if news is not None:
                state = state if state == "CLOSED" else news
                together.append(Act("publish", "", (state, world.version + 1)))
            together = [await _looked_at(service, tour, act) for act in together]
            *answers, _ = await asyncio.gather(
                *(_do(service, tour, act) for act in together), compare(service, tour)
            )
            stored = await _stored(service, tour)
            done = list(zip(together, answers, strict=True))
            possible = [each for each in worlds_after(world, done) if each.entries == stored]
            assert possible, f"in no order: {done} from {world} to {stored}"
            world = possible[0]
            await compare(service, tour)


async def _looked_at(service: ServiceUnderTest, tour: dict[str, Any], act: Act) -> Act:
    """A review of what the reviewer sees before the round, where she insists on that."""
    if act.what != "review":
        return act
    decision, looks = act.how
    [entry] = await _entries(service, tour, act.who) or [None]
    return Act("review", act.who, (decision, entry.version if looks and entry else None))


async def _do(service: ServiceUnderTest, tour: dict[str, Any], act: Act) -> Any:
    """Does it, and answers in the words of the model."""
    match act.what:
        case "submit":
            return await _submit(service, tour, act.who, *act.how)
        case "confirm":
            in_time = datetime.now(UTC) - timedelta(hours=1)
            await tell(service, fan(_name(tour, act.who), phone_verified=True, phone_verified_at=in_time))
        case "publish":
            state, version = act.how
            await publish(service, {**tour, "state": state, "version": version})
        case "lapse":
            await service.resources.snapshots.invalidate_unconfirmed()
        case _:
            return await _change(service, tour, act)
    return "told"


async def _submit(
    service: ServiceUnderTest, tour: dict[str, Any], who: str, wishes: tuple[int, ...], key: str | None
) -> str:
    name = _name(tour, who)
    identity = wire.Identity(id_of(name), "http://issuer.test", name, email=f"{name}@example.com")
    sent = wire.Submission(tour["id"], identity, _markets(tour, wishes), idempotency_key=key)
    match (await service.resources.submissions.submit([sent]))[0]:
        case wire.Submitted(entry, replayed):
            return "replayed" if replayed else entry.state
        case wire.AlreadyEntered():
            return "already"
        case wire.CampaignNotOpen(state):
            return state
        case wire.Refused(code):
            return {"IDEMPOTENCY_MISMATCH": "mismatch", "RATE_LIMITED": "busy"}[code]
        case other:
            raise AssertionError(other)


async def _change(service: ServiceUnderTest, tour: dict[str, Any], act: Act) -> str:
    entries, changes = await _entries(service, tour, act.who), service.resources.changes
    if not entries:
        return "nothing"
    [entry] = entries
    try:
        match act.what:
            case "amend":
                await changes.amend(entry.user_id, wire.Amendment(entry.id, _markets(tour, act.how[0])))
            case "withdraw":
                await changes.withdraw(entry.user_id, entry.id)
            case _:
                decision, seen = act.how
                asked = reviews_wire.NewDecision(entry.id, decision, expected_version=seen)
                await service.resources.reviews.decide("usr_reviewer", asked)
    except changes_store.CampaignNotOpen as closed:
        return closed.details["state"]
    except DomainError as refusal:
        return _word(refusal)
    return "done"


def _word(refusal: DomainError) -> str:
    match refusal:
        case IllegalTransition():
            return refusal.details["from_state"]
        case Conflict():
            return "conflict"
        case RateLimited():
            return "busy"
        case _:
            raise refusal


async def _stored(service: ServiceUnderTest, tour: dict[str, Any]) -> MappingProxyType[str, Entry]:
    rows = await service.resources.database.pool.fetch(
        "SELECT * FROM entry WHERE campaign_id = $1", tour["id"]
    )
    names = {id_of(_name(tour, who)): who for who in ("ann", "bea")}
    market_ids = [market["id"] for market in tour["markets"]]
    stored = {
        names[row["user_id"]]: Entry(
            state=row["state"],
            wishes=tuple(market_ids.index(id_) for id_ in row["preferences"]),
            version=row["version"],
            key=row["idempotency_key"],
            reviewed=row["review_id"] is not None,
            lapsed=row["lapsed"],
        )
        for row in rows
    }
    assert len(stored) == len(rows), "one entry a person"
    return MappingProxyType(stored)


async def _entries(service: ServiceUnderTest, tour: dict[str, Any], who: str) -> list[wire.Entry]:
    return await service.resources.store.entries_of_user(id_of(_name(tour, who)), [tour["id"]])


def _name(tour: dict[str, Any], who: str) -> str:
    return f"{who}-{tour['id']}"


def _markets(tour: dict[str, Any], wishes: tuple[int, ...]) -> list[str]:
    return [tour["markets"][place]["id"] for place in wishes]
