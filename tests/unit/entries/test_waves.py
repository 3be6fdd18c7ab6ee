"""A wave's life: drafted, previewed, committed, drawn, made final; and what refuses to happen."""

from collections import Counter
from typing import Any

import pytest

from services.entries.backend import waves_rules
from tests.unit.entries.draws import PREVIEW, Staff, close, closed_campaign, outcome, registered
from tests.unit.entries.registrations import campaign, entries_service, publish


async def test_from_a_draft_to_final_winners(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=200)
        created = await staff.create(tour, name="Early birds")
        assert created["__typename"] == "WaveCreated"
        wave = created["wave"]
        assert wave["state"] == "DRAFT"
        assert {c["event"]["id"]: c["capacity"] for c in wave["capacities"]} == {
            e["id"]: 40 for e in tour["events"]
        }
        assert wave["draw"] is wave["summary"] is wave["job"] is None

        preview = await staff.ask(PREVIEW, {"waveId": wave["id"]})
        assert preview["eligible"] == 200
        assert sum(market["capacity"] for market in preview["markets"]) == 120
        assert await outcome(service, wave["id"]) == []

        committed = (await staff.commit(wave["id"]))["wave"]
        assert committed["state"] == "COMMITTED"
        assert committed["draw"]["seed"] is committed["draw"]["outcomeHash"] is None
        assert len(committed["draw"]["rosterRoot"]) == len(committed["draw"]["seedCommitment"]) == 64

        started = await staff.run(wave["id"])
        assert (started["replayed"], started["job"]["state"], started["wave"]["state"]) == (
            False,
            "QUEUED",
            "RUNNING",
        )
        early = await staff.finalize(wave["id"])
        assert early["__typename"] == "SelectionNotFinished"
        await service.resources.selections.draw(wave["id"])

        final = (await staff.finalize(wave["id"]))["wave"]
        assert final["state"] == "FINALIZED"
        assert (final["job"]["state"], final["job"]["progress"]) == ("SUCCEEDED", 1.0)
        winners = await outcome(service, wave["id"])
        assert final["summary"]["selected"] == len(winners) > 0
        assert final["summary"]["eligible"] == 200
        assert final["draw"]["seed"] is not None
        assert all(c["selected"] <= c["capacity"] for c in final["capacities"])


async def test_nobody_wins_what_she_did_not_rank_nor_more_than_there_is(database: Any) -> None:
    async with entries_service(database) as service:
        tour = await closed_campaign(service, fans=300)
        wave_id = await Staff(service).final(tour, strategy="IMMEDIATE_ACCEPTANCE")
        rows = await service.resources.database.pool.fetch(
            """SELECT s.*, e.preferences, e.ticket_quantity AS wanted FROM selection s JOIN entry e ON e.id = s.entry_id
               WHERE s.wave_id = $1""",
            wave_id,
        )
        given = Counter[str]()
        for row in rows:
            assert row["preferences"][row["preference_rank"] - 1] == row["market_id"]
            given[row["event_id"]] += row["wanted"]
        assert given == {event["id"]: 40 for event in tour["events"]}


@pytest.mark.parametrize("state", ["OPEN", "PAUSED", "SCHEDULED", "DRAFT"])
async def test_nobody_is_selected_while_fans_can_register(database: Any, state: str) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = campaign(state=state)
        await publish(service, tour)
        wave_id = await staff.draft(tour)
        answer = await staff.commit(wave_id)
        assert (answer["__typename"], answer["code"]) == ("CampaignStillOpen", "CAMPAIGN_STILL_OPEN")
        assert (await staff.run(wave_id))["__typename"] == "IllegalTransition"


async def test_a_campaign_that_is_past_its_window_needs_no_news_to_be_closed(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = campaign()
        await publish(service, tour)
        await registered(service, tour, 3)
        await publish(service, {**tour, "version": 2, "closes_at": tour["opens_at"].replace(microsecond=1)})
        assert (await staff.commit(await staff.draft(tour)))["__typename"] == "WaveCommitted"


async def test_a_finished_campaign_selects_no_more(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=3)
        wave_id = await staff.draft(tour)
        await publish(service, {**tour, "version": 9, "state": "FINISHED"})
        answer = await staff.commit(wave_id)
        assert (answer["__typename"], answer["from"], answer["to"]) == (
            "IllegalTransition",
            "FINISHED",
            "SELECTING",
        )


async def test_steps_out_of_turn_are_refused_and_repeated_ones_change_nothing(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=20)
        draft = await staff.draft(tour)
        for refused in (await staff.run(draft), await staff.finalize(draft)):
            assert (refused["__typename"], refused["from"]) == ("IllegalTransition", "DRAFT")
        wave_id = await staff.final(tour)
        before = await outcome(service, wave_id)
        again = await staff.run(wave_id)
        assert (again["__typename"], again["replayed"]) == ("SelectionStarted", True)
        await service.resources.selections.draw(wave_id)
        assert (await staff.finalize(wave_id))["__typename"] == "WaveFinalized"
        assert await outcome(service, wave_id) == before
        refused = await staff.cancel(wave_id)
        assert (refused["__typename"], refused["from"], refused["to"]) == (
            "IllegalTransition",
            "FINALIZED",
            "CANCELLED",
        )
        assert (await staff.commit(wave_id))["__typename"] == "IllegalTransition"
        assert (await staff.cancel(draft))["wave"]["state"] == "CANCELLED"
        assert (await staff.cancel(draft))["wave"]["state"] == "CANCELLED"
        assert (await staff.commit(draft))["from"] == "CANCELLED"


async def test_one_wave_at_a_time(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=20)
        first, second = await staff.draft(tour), await staff.draft(tour)
        assert (await staff.commit(first))["__typename"] == "WaveCommitted"
        refused = await staff.commit(second)
        assert refused["__typename"] == "SelectionInProgress"
        await staff.cancel(first)
        assert (await staff.commit(second))["__typename"] == "WaveCommitted"


async def test_waves_of_a_campaign_never_give_more_than_there_is(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=200, allocation=60)
        greedy = await staff.draft(tour)
        [event, *_] = tour["events"]
        first = await staff.final(tour, capacities=[{"eventId": event["id"], "capacity": 50}])
        given = sum(c["selected"] for c in (await staff.finalize(first))["wave"]["capacities"])
        assert given == 50
        refused = await staff.create(tour, capacities=[{"eventId": event["id"], "capacity": 11}])
        assert [issue["code"] for issue in refused["issues"]] == ["OUT_OF_RANGE"]
        left = (await staff.create(tour))["wave"]["capacities"]
        assert {c["event"]["id"]: c["capacity"] for c in left}[event["id"]] == 10
        answer = await service.rest(
            "POST", "/waves/commit", {"wave_id": greedy}, headers={"x-actor": "usr_x"}
        )
        assert (answer.status_code, answer.json()["issues"][0]["code"]) == (422, "OUT_OF_RANGE")


@pytest.mark.parametrize(
    ("policy", "surely", "perhaps"),
    [
        ("EXCLUDE_SELECTED", set(), set()),
        ("ALLOW_OTHER_MARKET", {"other"}, set()),
        # Who got her first choice gets it again; who did not may now.
        ("ALLOW_MULTIPLE", {"same"}, {"other"}),
    ],
)
async def test_reassignment(database: Any, policy: str, surely: set[str], perhaps: set[str]) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=120, allocation=400)
        few = [{"eventId": event["id"], "capacity": 30} for event in tour["events"]]
        first = await staff.final(tour, capacities=few)
        second = await staff.final(tour, reassignment=policy, name="Second wave")
        won: dict[str, set[str]] = {}
        for _, entry, event in await outcome(service, first):
            won.setdefault(entry, set()).add(event)
        kinds = {
            "same" if event in won[entry] else "other"
            for _, entry, event in await outcome(service, second)
            if entry in won
        }
        assert surely <= kinds <= surely | perhaps


async def test_the_score_range_is_inclusive(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=5, score_min=1.0)
        pool = service.resources.database.pool
        for row, score in zip(
            await pool.fetch("SELECT id FROM entry ORDER BY id"), [0.9, 1.0, 1.5, 2.0, None], strict=True
        ):
            await pool.execute("UPDATE entry SET score = $2 WHERE id = $1", row["id"], score)
        own = await staff.create(tour, scoreRange={"min": 1.0, "max": 1.5})
        assert own["wave"]["scoreRange"] == {"min": 1.0, "max": 1.5}
        assert (await staff.ask(PREVIEW, {"waveId": own["wave"]["id"]}))["eligible"] == 2
        inherited = await staff.create(tour)
        assert inherited["wave"]["scoreRange"] == {"min": 1.0, "max": None}
        assert (await staff.ask(PREVIEW, {"waveId": inherited["wave"]["id"]}))["eligible"] == 3


BY_SCORES: list[dict[str, Any]] = [
    {"strategy": "SCORE_PRIORITY"},
    {"strategy": "WEIGHTED_RANDOM_PRIORITY"},
    {"scoreRange": {"min": 0.0}},
    {"scoreRange": {"max": 1.0}},
]


@pytest.mark.parametrize("terms", [*BY_SCORES, "reviews"], ids=str)
async def test_where_scores_matter_nobody_is_judged_before_she_has_one(database: Any, terms: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=12)
        asked: dict[str, Any] = {} if terms == "reviews" else terms
        if terms == "reviews":
            below = {"campaign_id": tour["id"], "below_score": 0.1}
            answer = await service.rest(
                "POST", "/campaigns/review-threshold", below, headers={"x-actor": "usr_x"}
            )
            assert answer.status_code == 200, answer.text
        wave_id = await staff.draft(tour, **asked)
        early = await staff.commit(wave_id)
        assert (early["__typename"], early["code"]) == ("EntriesNotScored", "ENTRIES_NOT_SCORED")
        while await service.resources.scores.compute():
            pass
        assert (await staff.commit(wave_id))["__typename"] == "WaveCommitted"
        on_roster = "SELECT count(*) FROM wave_entry WHERE wave_id = $1"
        assert await service.resources.database.pool.fetchval(on_roster, wave_id) == 12


async def test_where_they_do_not_nobody_waits_for_them(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=3)
        assert (await staff.commit(await staff.draft(tour)))["__typename"] == "WaveCommitted"


async def test_a_campaign_has_a_bounded_number_of_waves(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waves_rules, "MAX_WAVES", 2)
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = campaign()
        await publish(service, tour)
        await staff.cancel(await staff.draft(tour))
        await staff.draft(tour)
        refused = await staff.create(tour)
        assert [(issue["path"], issue["code"]) for issue in refused["issues"]] == [
            (["campaignId"], "TOO_MANY")
        ]


async def test_gates_are_checked_again_at_selection(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        gated = {"gate": {"region": {"countries": ["US"]}}}
        tour = await closed_campaign(service, fans=60)
        await close(service, tour, **gated, version=5)
        pool = service.resources.database.pool
        expected = await pool.fetchval("SELECT count(*) FROM entry WHERE country = 'US'")
        wave_id = await staff.draft(tour)
        assert (await staff.ask(PREVIEW, {"waveId": wave_id}))["eligible"] == expected
        await staff.commit(wave_id)
        assert await pool.fetchval("SELECT count(*) FROM wave_entry WHERE wave_id = $1", wave_id) == expected
        assert 0 < expected < 60


async def test_only_accepted_entries_take_part(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = await closed_campaign(service, fans=10)
        pool = service.resources.database.pool
        ids = [row["id"] for row in await pool.fetch("SELECT id FROM entry ORDER BY id")]
        await pool.execute("UPDATE entry SET state = 'UNDER_REVIEW' WHERE id = $1", ids[0])
        await pool.execute("UPDATE entry SET state = 'INVALIDATED' WHERE id = $1", ids[1])
        await pool.execute("UPDATE entry SET state = 'WITHDRAWN' WHERE id = $1", ids[2])
        wave_id = await staff.drawn(tour)
        assert len(await outcome(service, wave_id)) == 7


BAD_WAVES = [
    ({"name": ""}, "name"),
    ({"name": " "}, "name"),
    ({"name": "x" * 121}, "name"),
    ({"name": "a\x00b"}, None),
    ({"scoreRange": {"min": 2, "max": 1}}, "scoreRange"),
    ({"capacities": [{"eventId": "evt_unknown", "capacity": 1}]}, "capacities"),
    ({"idempotencyKey": ""}, "idempotencyKey"),
    ({"idempotencyKey": "k" * 201}, "idempotencyKey"),
]


@pytest.mark.parametrize(("input", "path"), BAD_WAVES, ids=str)
async def test_bad_waves_are_refused_by_field(database: Any, input: dict[str, Any], path: str | None) -> None:
    async with entries_service(database) as service:
        tour = campaign()
        await publish(service, tour)
        answer = await Staff(service).create(tour, **input)
        assert answer["__typename"] == "ValidationFailed"
        if path:
            assert answer["issues"][0]["path"][0] == path


async def test_capacities_out_of_range_or_repeated(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign()
        await publish(service, tour)
        event = tour["events"][0]["id"]
        for capacities, code in [
            ([{"eventId": event, "capacity": -1}], "OUT_OF_RANGE"),
            ([{"eventId": event, "capacity": 101}], "OUT_OF_RANGE"),
            ([{"eventId": event, "capacity": 1}, {"eventId": event, "capacity": 2}], "REPEATED_EVENT"),
        ]:
            answer = await Staff(service).create(tour, capacities=capacities)
            assert [issue["code"] for issue in answer["issues"]] == [code]


async def test_an_idempotency_key_drafts_one_wave(database: Any) -> None:
    async with entries_service(database) as service:
        staff = Staff(service)
        tour = campaign()
        await publish(service, tour)
        first = await staff.create(tour, idempotencyKey="once")
        again = await staff.create(tour, idempotencyKey="once")
        other = await staff.create(tour, idempotencyKey="once", name="Other")
        assert (first["replayed"], again["replayed"]) == (False, True)
        assert first["wave"]["id"] == again["wave"]["id"]
        assert other["__typename"] == "IdempotencyMismatch"


async def test_every_step_is_audited(database: Any) -> None:
    events: list[Any] = []
    async with entries_service(database) as service:
        publish_event = service.resources.outbox.publish

        async def record(connection: Any, topic: str, messages: Any) -> Any:
            events.extend(message for message in messages if topic == "audit")
            return await publish_event(connection, topic, messages)

        service.resources.outbox.publish = record
        staff = Staff(service)
        tour = await closed_campaign(service, fans=5)
        wave_id = await staff.final(tour)
        draft = await staff.draft(tour)
        await staff.cancel(draft)
    assert [event.action for event in events] == [
        "createWave",
        "commitWave",
        "runSelection",
        "finalizeWave",
        "createWave",
        "cancelWave",
    ]
    assert {event.team_id for event in events} == {tour["team_id"]}
    assert [event.target for event in events[:4]] == [wave_id] * 4
