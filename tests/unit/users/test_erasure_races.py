"""Whatever a fan or her team does while she is erased is done before, or refused: nothing of it is left afterwards.

Each is played once for every statement of it before which the erasure can come, and for every statement of the
erasure before which it can come itself. Each is played without its safeguard too, where something must be left.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from scripts.devtools.databases import ServiceDatabase
from services.kit import privacy
from services.kit.errors import DomainError
from services.kit.ids import new_id
from services.kit.pg import Database, Query
from services.kit.privacy import Erasure
from services.users.backend import (
    personal_data_store,
    phone_store,
    privacy_store,
    proofs_store,
    store,
    teams_store,
)
from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.users.proving import link, verify_card
from tests.unit.users.test_phone import confirm, start
from tests.unit.users.world import World, code_in, sent, uid

Act = Callable[[], Awaitable[Any]]
KEPT = {"alembic_version", "audit_chain", "audit_event", "erasure", "privacy_request"}
"""Where an id stays for good: tombstones, what staff did, what was asked about her data."""

slow: ContextVar[bool] = ContextVar("slow", default=False)


@dataclass
class Stage:
    """The service, and what the acts on it need."""

    users: ServiceUnderTest
    world: World
    outbox: Path
    phones: Iterator[str] = field(default_factory=lambda: (f"+1212555{n:04}" for n in range(1000, 9999)))


@pytest.fixture
def stage(users: ServiceUnderTest, world: World, sms_outbox: Path) -> Stage:
    return Stage(users, world, sms_outbox)


async def sign_in(stage: Stage, subject: str, **claims: Any) -> Any:
    return await stage.users.graphql("{ viewer { id } }", token=issuer.token(subject, **claims))


async def see(stage: Stage, subject: str) -> Act:
    """She signs in, and her email has changed."""
    await sign_in(stage, subject)
    return lambda: sign_in(stage, subject, email=f"new-{subject}@example.com")


async def start_phone(stage: Stage, subject: str) -> Act:
    """She asks for a code."""
    await sign_in(stage, subject)
    return lambda: start(stage.users, subject, next(stage.phones), idempotencyKey="k")


async def confirm_phone(stage: Stage, subject: str) -> Act:
    """She confirms her phone."""
    id_ = (await start(stage.users, subject, next(stage.phones)))["verificationId"]
    [code] = [code_in(message) for message in sent(stage.outbox) if message["reference"] == id_]
    return lambda: confirm(stage.users, id_, code, subject)


async def link_account(stage: Stage, subject: str) -> Act:
    """She links an account."""
    await sign_in(stage, subject)
    return lambda: link(stage.users, subject, f"account-of-{subject}", idempotencyKey="k")


async def add_card(stage: Stage, subject: str) -> Act:
    """She verifies a card."""
    await sign_in(stage, subject)
    return lambda: verify_card(stage.users, subject, idempotencyKey="k")


async def rename(stage: Stage, subject: str) -> Act:
    """She changes her profile."""
    await sign_in(stage, subject)
    query = f'mutation {{ updateProfile(input: {{ displayName: "Name of {subject}" }}) {{ __typename }} }}'
    return lambda: stage.users.graphql(query, token=issuer.token(subject))


async def grant(stage: Stage, subject: str) -> Act:
    """Her team gives her a role."""
    await sign_in(stage, subject)
    given = f'{{ userId: "{uid(subject)}", role: VIEWER, teamId: "{stage.world.team}", idempotencyKey: "{subject}" }}'
    query = f"mutation {{ grantRole(input: {given}) {{ __typename }} }}"
    return lambda: stage.users.graphql(query, token=issuer.token("owner"))


async def ask_for_data(stage: Stage, subject: str) -> Act:
    """She asks for her data."""
    await sign_in(stage, subject)
    query = 'mutation { requestPersonalData(input: { idempotencyKey: "k" }) { __typename } }'
    return lambda: stage.users.graphql(query, token=issuer.token(subject))


ACTS = (see, start_phone, confirm_phone, link_account, add_card, rename, grant, ask_for_data)


def wanted_of(subject: str) -> Erasure:
    """It covers every token of this test: with a later one she would be somebody new."""
    return Erasure(new_id("prv"), uid(subject), datetime.now(UTC) + timedelta(hours=1))


async def erase(stage: Stage, subject: str) -> None:
    wanted = wanted_of(subject)
    answer = await stage.users.rest("POST", "/personal-data/erase", wanted)
    assert answer.status_code == 200, answer.text


async def left(stage: Stage, subject: str) -> list[str]:
    """Where she still is: rows with her id, sealed news of her, text messages, requests that are not over."""
    pool, found = stage.users.resources.database.pool, list[str]()
    for (table,) in await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        if table not in KEPT and not table.startswith("procrastinate"):
            rows = await pool.fetch(
                f"SELECT t::text FROM {table} t WHERE t::text LIKE $1", f"%{uid(subject)}%"
            )
            found += [f"{table} {row[0]}" for row in rows]
    for row in await pool.fetch("SELECT topic, body FROM outbox WHERE topic = 'user'"):
        body = stage.users.resources.sealer.open(row["body"], "outbox")
        found += ["outbox"] if uid(subject).encode() in body else []
    live = "SELECT state FROM privacy_request WHERE user_id = $1 AND kind = 'ACCESS' AND state <> 'CANCELLED'"
    found += [f"privacy_request {row[0]}" for row in await pool.fetch(live, uid(subject))]
    return found


async def someone_waits(stage: Stage) -> bool:
    return await stage.users.resources.database.pool.fetchval(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
    )


async def meet(stage: Stage, monkeypatch: pytest.MonkeyPatch, first: Act, second: Act, at: int) -> Any:
    """Stops `first` before its statement number `at`, until `second` is done or waits for it.

    What `first` answered; None when it has no such statement.
    """
    run = Database._run
    arrived, go_on, number = asyncio.Event(), asyncio.Event(), 0

    async def run_slowly(self: Database, *arguments: Any) -> Any:
        nonlocal number
        if slow.get():
            number += 1
            if number == at:
                arrived.set()
                await go_on.wait()
        return await run(self, *arguments)

    async def stopped() -> Any:
        slow.set(True)
        return await first()

    with monkeypatch.context() as patch:
        patch.setattr(Database, "_run", run_slowly)
        one = asyncio.create_task(stopped())
        reached = asyncio.create_task(arrived.wait())
        await asyncio.wait([one, reached], return_when=asyncio.FIRST_COMPLETED)
        reached.cancel()
        other = asyncio.create_task(_caught(second))
        while not other.done() and not (arrived.is_set() and await someone_waits(stage)):
            await asyncio.sleep(0.002)
        go_on.set()
        answers = await asyncio.gather(one, other, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, DomainError | AssertionError):
            raise answer
    return answers if arrived.is_set() else None


async def _caught(act: Act) -> Any:
    return await act()


async def play(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, prepare: Any, *, broken: bool = False
) -> tuple[list[str], int]:
    """Every meeting of an act with an erasure: what was left after any of them, and how many there were.

    Whatever comes second is refused in words that are for people, unless something is `broken` on purpose.
    """
    found: list[str] = []
    meetings = 0
    for erasure_is_stopped in (False, True):
        for at in range(1, 60):
            subject = f"{prepare.__name__.replace('_', '-')}-{at}-{int(erasure_is_stopped)}"
            act = await prepare(stage, subject)

            async def erased(subject: str = subject) -> None:
                await erase(stage, subject)

            order = (erased, act) if erasure_is_stopped else (act, erased)
            answers = await meet(stage, monkeypatch, *order, at)
            if answers is None:
                break
            meetings += 1
            assert broken or "INTERNAL_SERVER_ERROR" not in str(answers), (subject, answers)
            found += [f"{subject}: {where}" for where in await left(stage, subject)]
    return found, meetings


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
async def test_nothing_is_left(stage: Stage, monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    found, meetings = await play(stage, monkeypatch, act)
    assert found == []
    assert meetings > 10


@dataclass(frozen=True)
class Control:
    """An act without its safeguard: with a statement that lacks it, on a database that lacks it."""

    act: Any
    store: Any
    query: str
    safeguard: str
    instead: str = ""
    ddl: str = ""

    def apply(self, monkeypatch: pytest.MonkeyPatch, database: ServiceDatabase) -> None:
        query: Query = self.store.q.all[self.query]
        assert self.safeguard in query.sql
        broken = replace(query, sql=query.sql.replace(self.safeguard, self.instead))
        monkeypatch.setitem(self.store.q.all, self.query, broken)
        with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
            for statement in filter(None, self.ddl.split(";")):
                owner.execute(statement.encode())


UPSERT = """INSERT INTO app_user (id, issuer, subject, name_sealed)
SELECT $5, 'i', $5, $2::bytea WHERE coalesce($1::boolean, $3::boolean, $4::text IS NULL)
ON CONFLICT (id) DO UPDATE SET name_sealed = excluded.name_sealed RETURNING *"""
NOT_ERASED = (
    "WHERE NOT EXISTS (SELECT FROM erasure x WHERE x.user_id = s.id AND x.until >= to_timestamp(s.issued_at))"
)
TOUCH = "UPDATE app_user SET version = version + 1 WHERE id = $1 RETURNING *"
NO_TRIGGER = "DROP TRIGGER app_user_not_erased ON app_user"
CONTROLS = [
    Control(see, store, "sight_users", NOT_ERASED, ddl=NO_TRIGGER),
    Control(
        start_phone,
        phone_store,
        "start_verifications",
        "JOIN app_user u ON u.id = n.user_id\n",
        ddl="ALTER TABLE phone_verification DROP CONSTRAINT phone_verification_user_id_fkey",
    ),
    Control(
        confirm_phone,
        personal_data_store,
        "forget_verification",
        "WHERE user_id = $1",
        "WHERE user_id IN (SELECT user_id FROM phone_verification WHERE user_id = $1 FOR UPDATE SKIP LOCKED)",
        ddl="ALTER TABLE phone_verification DROP CONSTRAINT phone_verification_user_id_fkey",
    ),
    Control(
        link_account,
        proofs_store,
        "touch_user",
        TOUCH,
        "SELECT * FROM app_user WHERE id = $1",
        ddl="ALTER TABLE linked_account DROP CONSTRAINT linked_account_user_id_fkey",
    ),
    Control(
        add_card,
        proofs_store,
        "touch_user",
        TOUCH,
        "SELECT * FROM app_user WHERE id = $1",
        ddl="ALTER TABLE verified_card DROP CONSTRAINT verified_card_user_id_fkey",
    ),
    Control(rename, store, "update_profile", store.q.update_profile.sql, UPSERT, ddl=NO_TRIGGER),
    Control(
        grant,
        teams_store,
        "user_exists",
        " FOR KEY SHARE",
        ddl="ALTER TABLE role_binding DROP CONSTRAINT role_binding_user_id_fkey",
    ),
    Control(ask_for_data, privacy_store, "open_request", " FOR KEY SHARE"),
]


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.act.__name__)
async def test_negative_control_without_its_safeguard_something_is(
    stage: Stage, users_database: ServiceDatabase, monkeypatch: pytest.MonkeyPatch, control: Control
) -> None:
    control.apply(monkeypatch, users_database)
    found, _ = await play(stage, monkeypatch, control.act, broken=True)
    assert found != []


@pytest.mark.parametrize("safe", [True, False], ids=["as it is", "control"])
async def test_two_workers_on_one_erasure_give_one_receipt(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, safe: bool
) -> None:
    if not safe:
        lock = privacy.q.all["lock_erasure"]
        monkeypatch.setitem(
            privacy.q.all, "lock_erasure", replace(lock, sql=lock.sql.replace(" FOR UPDATE", ""))
        )
    records: set[int] = set()
    for at in range(1, 40):
        subject = f"twice-{at}"
        await (await confirm_phone(stage, subject))()
        wanted = wanted_of(subject)

        async def work(wanted: Erasure = wanted) -> Any:
            return (await stage.users.rest("POST", "/personal-data/erase", wanted)).json()

        answers = await meet(stage, monkeypatch, work, work, at)
        if answers is None:
            break
        assert (answers[0] == answers[1]) or not safe
        records |= {answers[0]["record_count"], answers[1]["record_count"]}
        assert await left(stage, subject) == []
    assert (0 not in records) is safe, "without the lock the second one counts what the first has left"
