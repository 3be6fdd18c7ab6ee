"""Unused codes expire when their presale closes: shown at once, written down in pieces, taken back with more time."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.unit.codes.conftest import Codes
from tests.unit.codes.entries_peer import Winner
from tests.unit.codes.ledger import assert_counted
from tests.unit.codes.platform import Platform, sale

PAST, FUTURE = "2026-01-01T00:00:00Z", "2090-01-01T00:00:00Z"


async def shown(codes: Codes, winner: Winner) -> str:
    """The state of a winner's code as the code manager sees it."""
    [found] = await codes.service.entities(
        "... on Selection { accessCode { state } }",
        [{"__typename": "Selection", "id": winner.id}],
        token=codes.manager,
    )
    return found["accessCode"]["state"]


async def ends(codes: Codes) -> dict[str, Any]:
    counts = await codes.counts(codes.events[0])
    return {name: counts[name] for name in ("assigned", "redeemed", "expired", "available")}


async def expire(codes: Codes, limit: int = 500) -> list[int]:
    """How much each look of the job finds, until there is nothing left."""
    found = []
    while not found or found[-1]:
        found.append(await codes.resources.voids.expire(limit))
    return found


async def test_what_is_shown_is_right_although_no_job_ever_ran(codes: Codes) -> None:
    [unused, used], clear = await codes.winners(2)
    await codes.pool(codes.events[0], 3)
    assert await Platform(codes).outcomes(sale(clear[1])) == ["ACCEPTED"]
    before = await ends(codes)
    assert before == {"assigned": 1, "redeemed": 1, "expired": 0, "available": 3}
    await codes.publish(version=2, presale_closes_at=PAST)
    after = {"assigned": 0, "redeemed": 1, "expired": 1, "available": 3}
    for _ in range(2):
        assert await ends(codes) == after
        assert [await shown(codes, winner) for winner in (unused, used)] == ["EXPIRED", "REDEEMED"]
        await expire(codes)


async def test_a_presale_that_closes_now_is_over_by_the_database_clock(codes: Codes) -> None:
    winner, _ = await codes.winner()
    [row] = await codes.sql("SELECT clock_timestamp() AS now")
    closes = row["now"] + timedelta(milliseconds=200)
    await codes.publish(version=2, presale_closes_at=closes.isoformat())
    while (await codes.sql("SELECT now() AS now"))[0]["now"] < closes:
        assert await codes.resources.voids.expire() == 0 or datetime.now(UTC) >= closes
    assert await shown(codes, winner) == "EXPIRED"


async def test_it_is_written_down_in_pieces_and_entries_is_told(codes: Codes) -> None:
    winners, clear = await codes.winners(7)
    await Platform(codes).outcomes(sale(clear[0]))
    codes.entries.told.clear()
    await codes.publish(version=2, presale_closes_at=PAST)
    assert await expire(codes, limit=4) == [4, 2, 0]
    row = await assert_counted(codes, codes.events[0])
    assert (row["expired"], row["redeemed"]) == (6, 1)
    assert sorted(each["selection_id"] for each in codes.entries.told) == sorted(w.id for w in winners[1:])
    assert {(each["outcome"], each["quantity"], each["version"]) for each in codes.entries.told} == {
        ("EXPIRED", 0, 1)
    }
    assert await expire(codes) == [0]


async def test_more_time_takes_it_back(codes: Codes) -> None:
    winner, clear = await codes.winner()
    await codes.publish(version=2, presale_closes_at=PAST)
    await expire(codes)
    for version, closes in ((3, FUTURE), (4, None)):
        await codes.publish(version=version, presale_closes_at=closes)
        assert await shown(codes, winner) == "ASSIGNED"
        assert (await ends(codes))["assigned"] == 1
    assert await expire(codes) == [1, 0]
    await assert_counted(codes, codes.events[0])
    assert [each["outcome"] for each in codes.entries.told] == ["EXPIRED", "ASSIGNED"]
    assert [each["version"] for each in codes.entries.told] == [1, 2]
    assert await Platform(codes).outcomes(sale(clear)) == ["ACCEPTED"]


async def test_a_late_report_counts_and_the_code_was_used_after_all(codes: Codes) -> None:
    winner, clear = await codes.winner()
    await codes.publish(version=2, presale_closes_at=PAST)
    await expire(codes)
    assert await Platform(codes).outcomes(sale(clear, 2)) == ["ACCEPTED"]
    assert await shown(codes, winner) == "REDEEMED"
    row = await assert_counted(codes, codes.events[0])
    assert (row["expired"], row["redeemed"]) == (0, 1)
    assert codes.entries.told[-1] == {
        "selection_id": winner.id,
        "quantity": 2,
        "version": 2,
        "outcome": "REDEEMED",
    }
    assert await expire(codes) == [0]


async def test_of_an_event_that_is_gone_what_was_written_down_stays(codes: Codes) -> None:
    winner, _ = await codes.winner()
    await codes.publish(version=2, presale_closes_at=PAST)
    await expire(codes)
    await codes.publish(version=3, events=codes.events[1:])
    assert await expire(codes) == [0]
    assert await shown(codes, winner) == "EXPIRED"
    assert (await ends(codes))["expired"] == 1


async def test_a_code_of_a_presale_that_got_more_time_can_be_voided(codes: Codes) -> None:
    winner, _ = await codes.winner()
    await codes.pool(codes.events[0], 1)
    await codes.publish(version=2, presale_closes_at=PAST)
    await expire(codes)
    await codes.publish(version=3, presale_closes_at=FUTURE)
    [row] = await codes.sql("SELECT code_id FROM assignment WHERE selection_id = $1", winner.id)
    answer = await codes.mutate(
        "reissueCode", "... on CodeReissued { accessCode { id } }", codeId=row["code_id"], reason="lost"
    )
    assert answer["__typename"] == "CodeReissued"
    row = await assert_counted(codes, codes.events[0])
    assert (row["expired"], row["voided"], row["assigned"]) == (0, 1, 1)
