"""How many messages are sent: caps per number, user, address and country, the wait between two, the day's spend."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.devtools.databases import ServiceDatabase
from services.kit.pg import Query
from services.users.backend import phone_store
from tests.support.service import ServiceUnderTest, open_service
from tests.unit.users.test_phone import start
from tests.unit.users.world import meet_after, sent

OPEN: dict[str, Any] = {
    "phone_resend_seconds": 0,
    "phone_cap_per_number": 1000,
    "phone_cap_per_user": 1000,
    "phone_cap_per_ip": 1000,
}


def number(place: int) -> str:
    return f"+1212555{place:04}"


@pytest.mark.parametrize(
    ("limit", "starts"),
    [
        ({"phone_resend_seconds": 30}, [("ada", number(1)), ("ada", number(2))]),
        ({"phone_cap_per_number": 2}, [("a", number(1)), ("b", number(1)), ("c", number(1))]),
        ({"phone_cap_per_user": 2}, [("ada", number(1)), ("ada", number(2)), ("ada", number(3))]),
        ({"phone_cap_per_ip": 2}, [("a", number(1)), ("b", number(2)), ("c", number(3))]),
        ({"phone_cap_per_country": 1}, [("a", number(1)), ("b", number(2))]),
        ({"phone_cap_per_other_country": 1}, [("a", "+491701234567"), ("b", "+491701234568")]),
        ({"phone_daily_spend_cents": 11}, [("a", "+491701234567"), ("b", number(1)), ("c", number(2))]),
        ({"phone_cap_per_ip": 0}, [("a", number(1))]),
    ],
)
async def test_the_last_of_these_is_refused(
    database: Callable[[str], ServiceDatabase],
    tmp_path: Path,
    limit: dict[str, int],
    starts: list[tuple[str, str]],
) -> None:
    outbox = tmp_path / "sms.ndjson"
    settings: dict[str, Any] = {**OPEN, **limit}
    async with open_service("users", database("users").service_dsn, sms_outbox=outbox, **settings) as users:
        answers = [await start(users, subject, phone) for subject, phone in starts]
        counters = await users.resources.database.pool.fetch("SELECT taken FROM phone_counter")
    kinds = [answer["__typename"] for answer in answers]
    assert kinds == ["PhoneVerificationStarted"] * (len(starts) - 1) + ["RateLimited"]
    assert answers[-1]["retryAfterSeconds"] >= 1
    assert len(sent(outbox)) == len(starts) - 1
    assert max(row["taken"] for row in counters) <= max(11, len(starts) - 1)


async def test_a_refusal_counts_nowhere(database: Callable[[str], ServiceDatabase], tmp_path: Path) -> None:
    """Or somebody without a code to get could spend the day's budget of all others."""
    settings: dict[str, Any] = {**OPEN, "phone_cap_per_user": 1, "phone_daily_spend_cents": 3}
    async with open_service(
        "users", database("users").service_dsn, sms_outbox=tmp_path / "sms.ndjson", **settings
    ) as users:
        await start(users, "eve", number(1))
        for place in range(2, 12):
            assert (await start(users, "eve", number(place)))["__typename"] == "RateLimited"
        for subject in ("ada", "bea"):
            assert (await start(users, subject, number(99)))["__typename"] == "PhoneVerificationStarted"


async def test_a_window_that_is_over_starts_again(users: ServiceUnderTest) -> None:
    pool = users.resources.database.pool
    for _ in range(5):
        assert (await start(users))["__typename"] == "PhoneVerificationStarted"
    assert (await start(users))["__typename"] == "RateLimited"
    await pool.execute("UPDATE phone_counter SET resets_at = now() WHERE scope = 'number'")
    assert (await start(users))["__typename"] == "PhoneVerificationStarted"


async def test_refusals_of_number_and_user_sound_the_same(
    database: Callable[[str], ServiceDatabase], tmp_path: Path
) -> None:
    messages: list[str] = []
    for limit in ("phone_cap_per_number", "phone_cap_per_user"):
        async with open_service(
            "users",
            database("users").service_dsn,
            sms_outbox=tmp_path / limit,
            **dict[str, Any]({**OPEN, limit: 0}),
        ) as users:
            messages.append((await start(users))["message"])
    assert len(set(messages)) == 1


@pytest.mark.parametrize("locked", [True, False], ids=["as built", "negative control"])
async def test_parallel_starts_in_two_processes_do_not_exceed_a_cap(
    database: Callable[[str], ServiceDatabase],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    locked: bool,
) -> None:
    if not locked:
        lock = phone_store.q.lock_counters
        look = Query(lock.name, lock.summary, lock.sql.removesuffix("FOR UPDATE"), lock.parameters)
        monkeypatch.setitem(phone_store.q.all, "lock_counters", look)
        meet_after(monkeypatch, "running_counters", parties=2)
    settings: dict[str, Any] = {**OPEN, "phone_cap_per_ip": 10, "sms_outbox": tmp_path / "sms"}
    dsn = database("users").service_dsn
    async with open_service("users", dsn, **settings) as one, open_service("users", dsn, **settings) as two:
        starts = [start((one, two)[n % 2], f"fan-{n}", number(n)) for n in range(60)]
        answers = await asyncio.gather(*starts)
    started = sum(answer["__typename"] == "PhoneVerificationStarted" for answer in answers)
    assert (started == 10) is locked
    assert len(sent(tmp_path / "sms")) == started


async def test_starts_of_the_same_moment_share_their_statements(
    database: Callable[[str], ServiceDatabase], tmp_path: Path
) -> None:
    settings: dict[str, Any] = {**OPEN, "sms_outbox": tmp_path / "sms"}
    async with open_service("users", database("users").service_dsn, **settings) as users:
        before = users.resources.database.statements
        answers = await asyncio.gather(*(start(users, f"fan-{n}", number(n)) for n in range(100)))
        statements = users.resources.database.statements - before
    assert {answer["__typename"] for answer in answers} == {"PhoneVerificationStarted"}
    assert statements < 100
