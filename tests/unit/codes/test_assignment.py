"""Assigning a wave k times, concurrently, or crashed in the middle, equals assigning it once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from services.codes.backend import distributions_jobs
from tests.unit.codes.conftest import Codes
from tests.unit.codes.entries_peer import Winner, at_once

POLL = """query ($id: ID!) { codeDistribution(id: $id) {
    state progress assigned delivered failure finishedAt wave { id } shortfalls { event { id } missing } } }"""


async def a_wave(codes: Codes, *, per_event: int = 20, spare: int = 5) -> tuple[str, list[Winner]]:
    """A finalized wave with winners of two events, and pools that hold `spare` codes more than needed."""
    winners = [Winner(event) for event in codes.events[:2] for _ in range(per_event)]
    for event in codes.events[:2]:
        await codes.pool(event, per_event + spare)
    return codes.entries.wave(codes.campaign, winners), winners


async def distribute(codes: Codes, distribution: str) -> None:
    """The job, without the queue around it."""
    resources = codes.resources
    await distributions_jobs.distribute(
        resources.distributions, resources.deliveries, resources.peer("entries"), distribution
    )


async def assert_one_code_each(codes: Codes, winners: list[Winner]) -> None:
    """One code per selection, one selection per code, every code of the event that was won, nothing lost."""
    ledger = await codes.ledger()
    assert Counter(selection for selection, _ in ledger) == Counter(winner.id for winner in winners)
    assert len({code for _, code in ledger}) == len(winners)
    rows = await codes.sql(
        "SELECT a.selection_id, p.event_id FROM assignment a "
        "JOIN code c ON c.id = a.code_id JOIN code_pool p ON p.id = c.pool_id"
    )
    assert {row["selection_id"]: row["event_id"] for row in rows} == {w.id: w.event for w in winners}


async def test_each_winner_gets_one_code_and_all_are_released_together(codes: Codes) -> None:
    wave, winners = await a_wave(codes)
    started = await codes.assign(wave)
    assert started["__typename"] == "CodesAssignmentStarted"
    assert started["replayed"] is False
    counts = await codes.counts(codes.events[0])
    assert (counts["available"], counts["reserved"], counts["assigned"]) == (5, 20, 0)
    await codes.work()
    await assert_one_code_each(codes, winners)
    found = (await codes.ask(POLL, id=started["distribution"]["id"]))["codeDistribution"]
    assert found.pop("finishedAt")
    assert found == {
        "state": "SUCCEEDED",
        "progress": 1.0,
        "assigned": 40,
        "delivered": 0,
        "failure": None,
        "wave": {"id": wave},
        "shortfalls": [],
    }
    for event in codes.events[:2]:
        counts = await codes.counts(event)
        assert (counts["available"], counts["reserved"], counts["assigned"]) == (5, 0, 20)


async def test_assigning_again_changes_nothing(codes: Codes) -> None:
    wave, _ = await a_wave(codes)
    first = await codes.assign(wave)
    await codes.work()
    before = await codes.ledger(), await codes.sql("SELECT * FROM code_pool ORDER BY id"), len(codes.audit)
    for key in (None, "again", "again", None):
        again = await codes.assign(wave, key)
        assert again == first | {"replayed": True}
        await codes.work()
    assert before == (
        await codes.ledger(),
        await codes.sql("SELECT * FROM code_pool ORDER BY id"),
        len(codes.audit),
    )


@pytest.mark.parametrize("key", [None, "one-key"])
async def test_eight_at_once_are_one(codes: Codes, key: str | None) -> None:
    wave, winners = await a_wave(codes)
    answers = await asyncio.gather(*(codes.assign(wave, key) for _ in range(8)))
    assert len({answer["distribution"]["id"] for answer in answers}) == 1
    assert sorted(answer["replayed"] for answer in answers) == [False] + [True] * 7
    await run_eight_workers(codes, answers[0]["distribution"]["id"])
    await assert_one_code_each(codes, winners)
    assert (await codes.counts(codes.events[0]))["available"] == 5


async def run_eight_workers(codes: Codes, distribution: str) -> None:
    """Eight workers on the same job, as if the queue's lock had failed."""
    codes.entries.page = 7
    await asyncio.gather(*(distribute(codes, distribution) for _ in range(8)))


async def test_check_then_insert_would_hand_out_several(codes: Codes) -> None:
    """The negative control: without constraints and locks, the very assertions above fail."""
    wave, winners = await a_wave(codes)
    owner = await asyncpg.connect(codes.database.owner_dsn)
    await owner.execute(
        "ALTER TABLE assignment DROP CONSTRAINT assignment_pkey; DROP INDEX assignment_current; "
        "ALTER TABLE assignment ALTER pool_id DROP NOT NULL"
    )
    await owner.close()
    everybody_has_checked = asyncio.Barrier(8)

    async def check_then_insert() -> None:
        assert not await codes.ledger()
        free = await codes.sql("SELECT id FROM code ORDER BY position LIMIT $1", len(winners))
        await everybody_has_checked.wait()
        for winner, code in zip(winners, free, strict=True):
            await codes.sql(
                "INSERT INTO assignment (code_id, selection_id, wave_id, distribution_id, entry_id, user_id) "
                "VALUES ($1, $2, $3, 'dst_1', $4, $5)",
                code["id"],
                winner.id,
                wave,
                winner.entry,
                winner.user,
            )

    await asyncio.gather(*(check_then_insert() for _ in range(8)))
    with pytest.raises(AssertionError):
        await assert_one_code_each(codes, winners)


async def test_a_worker_killed_between_pages_is_taken_over(codes: Codes) -> None:
    wave, winners = await a_wave(codes)
    codes.entries.page = 7
    distribution = (await codes.assign(wave))["distribution"]["id"]
    for pages in (1, 1, 2):
        await killed_after(
            codes,
            pages,
            lambda: distribute(codes, distribution),
        )
        await codes.counts(codes.events[0])
        assert await codes.sql("SELECT FROM delivery") == [], "nobody is told before the last one has a code"
    assert 0 < len(await codes.ledger()) < len(winners)
    await codes.work()
    await assert_one_code_each(codes, winners)


async def killed_after(codes: Codes, pages: int, job: Callable[[], Awaitable[None]]) -> None:
    """Runs `job` until it asks for one more page than `pages`, then cancels it there."""
    reached = asyncio.Event()
    stop_at = codes.entries.pages_read + pages + 1

    async def before_page() -> None:
        if codes.entries.pages_read == stop_at:
            reached.set()
            await asyncio.Event().wait()

    codes.entries.before_page = before_page
    task = asyncio.ensure_future(job())
    await asyncio.wait([task, asyncio.ensure_future(reached.wait())], return_when=asyncio.FIRST_COMPLETED)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    codes.entries.before_page = at_once


async def test_a_connection_killed_in_a_page_loses_nothing(codes: Codes, admin_connection: Any) -> None:
    wave, winners = await a_wave(codes)
    codes.entries.page = 7
    distribution = (await codes.assign(wave))["distribution"]["id"]
    blocker = await asyncpg.connect(codes.database.owner_dsn)
    job = asyncio.ensure_future(distribute(codes, distribution))
    async with blocker.transaction():
        # The job gets stuck inside a page, on a row that somebody else has locked; there its connection dies.
        await blocker.execute("SELECT FROM code_pool FOR UPDATE")
        victim = await waiting_backend(admin_connection, codes.database.name)
        admin_connection.execute("SELECT pg_terminate_backend(%s)", [victim])
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
            await job
    await blocker.close()
    await codes.counts(codes.events[0])
    await codes.work()
    await assert_one_code_each(codes, winners)


async def waiting_backend(admin_connection: Any, database: str) -> int:
    """The process id of the connection that waits for a lock."""
    while True:
        row = admin_connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'", [database]
        ).fetchone()
        if row:
            return row[0]
        await asyncio.sleep(0.01)


async def test_too_small_a_pool_is_told_by_event_and_nothing_is_written(codes: Codes) -> None:
    full, short, none = codes.events
    await codes.pool(full, 10)
    await codes.pool(short, 3)
    winners = [Winner(event) for event in codes.events for _ in range(5)]
    wave = codes.entries.wave(codes.campaign, winners)
    before = await everything(codes)
    answer = await codes.assign(wave, "key")
    assert answer["__typename"] == "InsufficientCodes"
    assert answer["message"] == "7 codes are missing. Add them to the pools, then assign again."
    assert {s["event"]["id"]: s["missing"] for s in answer["shortfalls"]} == {short: 2, none: 5}
    assert await everything(codes) == before
    await codes.mutate("generateCodes", "", poolId=await codes.pool(short), count=2)
    await codes.pool(none, 5)
    assert (await codes.assign(wave, "key"))["__typename"] == "CodesAssignmentStarted"
    await codes.work()
    await assert_one_code_each(codes, winners)


async def everything(codes: Codes) -> list[Any]:
    """All rows that an assignment could touch."""
    tables = (
        "code_pool",
        "distribution",
        "reservation",
        "assignment",
        "idempotency",
        "outbox",
        "procrastinate_jobs",
    )
    return [await codes.sql(f"SELECT * FROM {table} ORDER BY 1") for table in tables]


async def test_only_a_finalized_wave_is_assigned(codes: Codes) -> None:
    await codes.pool(codes.events[0], 5)
    for state in ("DRAFT", "COMMITTED", "RUNNING", "CANCELLED"):
        wave = codes.entries.wave(codes.campaign, [Winner(codes.events[0])], state)
        answer = await codes.assign(wave)
        assert answer["__typename"] == "WaveNotFinalized"
        assert state in answer["message"]
    assert not await codes.sql("SELECT FROM distribution")


async def test_a_key_is_for_one_wave(codes: Codes) -> None:
    wave, _ = await a_wave(codes)
    other = codes.entries.wave(codes.campaign, [Winner(codes.events[0])])
    assert (await codes.assign(wave, "key"))["replayed"] is False
    assert (await codes.assign(other, "key"))["__typename"] == "IdempotencyMismatch"


async def test_two_waves_share_a_pool_without_sharing_a_code(codes: Codes) -> None:
    await codes.pool(codes.events[0], 30)
    winners = [[Winner(codes.events[0]) for _ in range(15)] for _ in range(2)]
    waves = [codes.entries.wave(codes.campaign, each) for each in winners]
    await asyncio.gather(*(codes.assign(wave) for wave in waves))
    await codes.work()
    await assert_one_code_each(codes, winners[0] + winners[1])
    third = codes.entries.wave(codes.campaign, [Winner(codes.events[0])])
    assert (await codes.assign(third))["__typename"] == "InsufficientCodes"


async def test_an_empty_wave_succeeds_at_once(codes: Codes) -> None:
    wave = codes.entries.wave(codes.campaign, [])
    distribution = (await codes.assign(wave))["distribution"]["id"]
    await codes.work()
    found = (await codes.ask(POLL, id=distribution))["codeDistribution"]
    assert (found["state"], found["assigned"], found["progress"]) == ("SUCCEEDED", 0, 1.0)


async def test_winners_beyond_the_reservation_are_told_and_the_others_have_their_codes(codes: Codes) -> None:
    wave, winners = await a_wave(codes)
    distribution = (await codes.assign(wave))["distribution"]["id"]
    codes.entries.add_winner(wave, Winner(codes.events[0]))
    codes.entries.add_winner(wave, Winner(codes.events[2]))
    await codes.work()
    await assert_one_code_each(codes, winners)
    found = (await codes.ask(POLL, id=distribution))["codeDistribution"]
    assert found["state"] == "FAILED"
    assert found["failure"] == "2 winners have no code: the wave grew after its codes were reserved."
    assert {s["event"]["id"]: s["missing"] for s in found["shortfalls"]} == {
        codes.events[0]: 1,
        codes.events[2]: 1,
    }
    assert (await codes.counts(codes.events[0]))["available"] == 5


async def test_a_job_that_gave_up_goes_on_when_the_wave_is_assigned_again(codes: Codes) -> None:
    wave, winners = await a_wave(codes)
    codes.entries.page = 7
    first = await codes.assign(wave)
    resources = codes.resources
    await killed_after(
        codes,
        2,
        lambda: distribute(codes, first["distribution"]["id"]),
    )
    await resources.distributions.fail(first["distribution"]["id"], "Tried several times.")
    await codes.sql("DELETE FROM procrastinate_jobs")
    found = (await codes.ask(POLL, id=first["distribution"]["id"]))["codeDistribution"]
    assert (found["state"], found["failure"], found["delivered"]) == ("FAILED", "Tried several times.", 0)
    assert await codes.assign(wave) == first | {"replayed": True}
    await codes.work()
    await assert_one_code_each(codes, winners)
    assert (await codes.ask(POLL, id=first["distribution"]["id"]))["codeDistribution"]["state"] == "SUCCEEDED"
