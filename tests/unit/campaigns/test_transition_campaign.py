"""transitionCampaign: one of two wins, windows decide, closing is final."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from tests.unit.campaigns.campaigns import Campaigns, window
from tests.unit.campaigns.races import checked_then_written, race

HOUR = timedelta(hours=1)


async def test_a_life(campaigns: Campaigns) -> None:
    id_ = await campaigns.draft(registration=window(HOUR, 2 * HOUR))
    for state in ("SCHEDULED", "DRAFT", "SCHEDULED"):
        assert (await campaigns.transition(id_, state))["campaign"]["state"] == state
    await campaigns.put(id_, opens_at=datetime.now(UTC) - HOUR)
    for state in ("PAUSED", "OPEN", "CLOSED", "SELECTING", "FINISHED", "ARCHIVED"):
        assert (await campaigns.transition(id_, state))["campaign"]["state"] == state


async def test_opened_ahead_of_its_window_it_waits_for_it(campaigns: Campaigns) -> None:
    id_ = await campaigns.draft(registration=window(HOUR, 2 * HOUR))
    assert (await campaigns.transition(id_, "OPEN"))["campaign"]["state"] == "SCHEDULED"
    await campaigns.put(id_, opens_at=datetime.now(UTC) - HOUR)
    assert await campaigns.state(id_) == "OPEN"


async def test_an_illegal_step_says_from_where_to_where(campaigns: Campaigns) -> None:
    id_ = await campaigns.draft()
    refused = await campaigns.transition(id_, "FINISHED")
    assert (refused["__typename"], refused["from"], refused["to"]) == (
        "IllegalTransition",
        "DRAFT",
        "FINISHED",
    )
    assert await campaigns.state(id_) == "DRAFT"


async def test_closed_is_not_opened_again(campaigns: Campaigns) -> None:
    id_ = await campaigns.opened()
    await campaigns.transition(id_, "CLOSED")
    assert (await campaigns.transition(id_, "OPEN"))["__typename"] == "IllegalTransition"
    later = {
        "id": id_,
        "expectedVersion": await campaigns.version(id_),
        "registration": window(timedelta(), timedelta(days=9)),
    }
    refused = await campaigns.mutate("updateCampaign", "", later)
    assert [issue["code"] for issue in refused["issues"]] == ["LOCKED"]


async def test_a_late_decision_is_a_conflict(campaigns: Campaigns) -> None:
    id_ = await campaigns.opened()
    version = await campaigns.version(id_)
    await campaigns.transition(id_, "PAUSED")
    refused = await campaigns.transition(id_, "CLOSED", version)
    assert (refused["__typename"], refused["currentVersion"]) == ("Conflict", version + 1)
    assert await campaigns.state(id_) == "PAUSED"


STEPS = ("PAUSED", "CLOSED", "CANCELLED", "PAUSED")


async def steps_at_once(campaigns: Campaigns) -> list[str]:
    """What became of steps of an open campaign, all decided on the same version."""
    id_ = await campaigns.opened()
    return await race(campaigns, id_, *(partial(campaigns.transition, id_, state) for state in STEPS))


async def test_of_two_steps_at_once_one_wins(campaigns: Campaigns) -> None:
    assert sorted(await steps_at_once(campaigns)) == ["CampaignTransitioned", *["Conflict"] * 3]


async def test_of_two_steps_at_once_one_wins_negative_control(campaigns: Campaigns) -> None:
    checked_then_written(campaigns)
    assert (await steps_at_once(campaigns)).count("CampaignTransitioned") > 1


WINDOWS = [
    ("DRAFT", -HOUR, HOUR, "DRAFT"),
    ("DRAFT", -2 * HOUR, -HOUR, "DRAFT"),
    ("SCHEDULED", HOUR, 2 * HOUR, "SCHEDULED"),
    ("SCHEDULED", -HOUR, HOUR, "OPEN"),
    ("SCHEDULED", -2 * HOUR, -HOUR, "CLOSED"),
    ("OPEN", HOUR, 2 * HOUR, "SCHEDULED"),
    ("OPEN", -HOUR, HOUR, "OPEN"),
    ("OPEN", -2 * HOUR, -HOUR, "CLOSED"),
    ("PAUSED", -HOUR, HOUR, "PAUSED"),
    ("PAUSED", -2 * HOUR, -HOUR, "CLOSED"),
    ("CLOSED", -HOUR, HOUR, "CLOSED"),
    ("SELECTING", -2 * HOUR, -HOUR, "SELECTING"),
    ("FINISHED", -2 * HOUR, -HOUR, "FINISHED"),
    ("CANCELLED", -HOUR, HOUR, "CANCELLED"),
    ("ARCHIVED", -2 * HOUR, -HOUR, "ARCHIVED"),
]


async def test_windows_decide_without_the_worker(campaigns: Campaigns, subtests: pytest.Subtests) -> None:
    id_ = await campaigns.draft()
    for stored, opens, closes, shown in WINDOWS:
        with subtests.test(stored=stored, opens=opens, closes=closes):
            now = datetime.now(UTC)
            await campaigns.put(id_, state=stored, opens_at=now + opens, closes_at=now + closes)
            assert await campaigns.state(id_) == shown


async def test_steps_start_from_what_the_window_says(campaigns: Campaigns) -> None:
    id_ = await campaigns.draft()
    now = datetime.now(UTC)
    await campaigns.put(id_, state="OPEN", opens_at=now - 2 * HOUR, closes_at=now - HOUR)
    assert (await campaigns.transition(id_, "PAUSED"))["__typename"] == "IllegalTransition"
    later = {"id": id_, "expectedVersion": await campaigns.version(id_), "registration": window(-HOUR, HOUR)}
    assert [i["code"] for i in (await campaigns.mutate("updateCampaign", "", later))["issues"]] == ["LOCKED"]
    assert (await campaigns.transition(id_, "SELECTING"))["__typename"] == "CampaignTransitioned"


async def test_the_worker_writes_down_what_the_windows_say(campaigns: Campaigns) -> None:
    now = datetime.now(UTC)
    opening, closing, untouched = [await campaigns.draft() for _ in range(3)]
    await campaigns.put(opening, state="SCHEDULED", opens_at=now - HOUR, closes_at=now + HOUR)
    await campaigns.put(closing, state="OPEN", opens_at=now - 2 * HOUR, closes_at=now - HOUR)
    await campaigns.put(untouched, state="SCHEDULED", opens_at=now + HOUR, closes_at=now + 2 * HOUR)
    versions = {id_: await campaigns.version(id_) for id_ in (opening, closing, untouched)}
    assert await campaigns.resources.changes.apply_windows() == 2
    assert await campaigns.resources.changes.apply_windows() == 0
    assert {id_: await campaigns.version(id_) - version for id_, version in versions.items()} == {
        opening: 1,
        closing: 1,
        untouched: 0,
    }
    known = {id_: campaigns.receivers.latest("entries", id_)["state"] for id_ in (opening, closing)}
    assert known == {opening: "OPEN", closing: "CLOSED"}
    logged = [event for event in campaigns.receivers.audit if event["actor"] == "schedule"]
    assert {(event["action"], event["target"]) for event in logged} == {
        ("transitionCampaign", opening),
        ("transitionCampaign", closing),
    }
    assert all(event["before"] != event["after"] for event in logged)


async def test_workers_at_once_write_it_down_once(campaigns: Campaigns) -> None:
    now = datetime.now(UTC)
    ids = [await campaigns.draft() for _ in range(5)]
    for id_ in ids:
        await campaigns.put(id_, state="SCHEDULED", opens_at=now - HOUR, closes_at=now + HOUR)
    done = await asyncio.gather(*(campaigns.resources.changes.apply_windows() for _ in range(4)))
    assert sum(done) == 5
    assert sorted(e["target"] for e in campaigns.receivers.audit if e["actor"] == "schedule") == sorted(ids)
