"""Keys are rotated while requests run: nothing is lost, nothing is left, and a kill costs only what it interrupts."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from scripts.devtools.databases import ServiceDatabase
from scripts.devtools.settings import ROOT
from services.kit import rotation
from services.kit.rotation import Outcome, Rotation, rotate
from services.kit.sealing import SealBroken, SealedColumn, Sealer

OLD, NEW = "t1:" + "QUFB" * 10 + "QUE", "t2:" + "QkJC" * 10 + "QkI"
EMAIL = SealedColumn("app_user", "email_sealed", "user.email", at_once=7)
BODY = SealedColumn("outbox", "body", "outbox", at_once=7)


def sealer(*keys: str) -> Sealer:
    return Sealer([SecretStr(key) for key in keys])


BOTH = sealer(NEW, OLD)


@pytest.fixture
def users(database: Callable[[str], ServiceDatabase]) -> ServiceDatabase:
    return database("users")


@pytest.fixture
def owner(users: ServiceDatabase) -> Iterator[Any]:
    with psycopg.connect(users.owner_dsn, autocommit=True) as connection:
        yield connection


def fill(owner: Any, count: int, key: str = OLD) -> None:
    by = sealer(key)
    with owner.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO app_user (id, issuer, subject, email_sealed) VALUES (%s, 'i', %s, %s)",
            [
                (f"usr_{n:03}", f"s{n}", by.seal(f"fan-{n}@example.com", "user.email") if n % 5 else None)
                for n in range(count)
            ],
        )


def emails(owner: Any, with_: Sealer) -> list[str]:
    rows = owner.execute("SELECT email_sealed FROM app_user WHERE email_sealed IS NOT NULL ORDER BY id")
    return [with_.open(bytes(sealed), "user.email").decode() for (sealed,) in rows]


def test_everything_opens_with_the_new_key_alone(users: ServiceDatabase, owner: Any) -> None:
    fill(owner, 40)
    owner.execute("INSERT INTO outbox (id, topic, target, body) VALUES ('out_1', 't', 'x', %s)",
                  [sealer(NEW).seal("{}", "outbox")])  # fmt: skip
    before = emails(owner, sealer(OLD))
    counted = list(rotate(users.owner_dsn, BOTH, [EMAIL, BODY], only_count=True))
    assert [(o.resealed, dict(o.by_key)) for o in counted] == [(0, {"t1": 32}), (0, {"t2": 1})]
    done = list(rotate(users.owner_dsn, BOTH, [EMAIL, BODY]))
    assert [(o.resealed, o.broken, dict(o.by_key)) for o in done] == [
        (32, 0, {"t2": 32}),
        (0, 0, {"t2": 1}),
    ]
    assert emails(owner, sealer(NEW)) == before
    [again, _] = rotate(users.owner_dsn, BOTH, [EMAIL, BODY])
    assert again.resealed == 0


def test_a_key_of_two_columns_and_another_type(database: Callable[[str], ServiceDatabase]) -> None:
    with psycopg.connect(database("users").owner_dsn, autocommit=True) as owner:
        owner.execute("CREATE TABLE thing (a int, b timestamptz, v bytea, PRIMARY KEY (b, a))")
        for n in range(20):
            owner.execute(
                "INSERT INTO thing VALUES (%s, now() - make_interval(days => %s), %s)",
                [n, n % 3, sealer(OLD).seal(str(n), "c")],
            )
        outcome = Rotation(owner, BOTH, SealedColumn("thing", "v", "c", at_once=3)).run()
        assert (outcome.resealed, dict(outcome.by_key)) == (20, {"t2": 20})


def test_what_does_not_open_is_left_and_said(owner: Any) -> None:
    fill(owner, 10)
    stranger = sealer("zz:" + "Q0ND" * 10 + "Q0M")
    other_place = sealer(OLD).seal("x", "user.phone")
    for user, value in (("usr_001", stranger.seal("x", "user.email")), ("usr_002", other_place)):
        owner.execute("UPDATE app_user SET email_sealed = %s WHERE id = %s", [value, user])
    outcome = Rotation(owner, BOTH, EMAIL).run()
    assert (outcome.resealed, outcome.broken) == (6, 2)
    assert dict(outcome.by_key) == {"t2": 6, "t1": 1, "zz": 1}
    kept = owner.execute("SELECT email_sealed FROM app_user WHERE id = 'usr_002'").fetchone()[0]
    assert bytes(kept) == other_place


@pytest.mark.parametrize("safe", [True, False], ids=["as it is", "control"])
def test_a_change_between_reading_and_replacing_is_not_lost(
    owner: Any, monkeypatch: pytest.MonkeyPatch, safe: bool
) -> None:
    safeguard = "WHERE t.{column} = given.read"
    assert safeguard in rotation._REPLACE
    if not safe:
        monkeypatch.setattr(rotation, "_REPLACE", rotation._REPLACE.replace(safeguard, ""))
    fill(owner, 10)
    one = Rotation(owner, BOTH, EMAIL)
    outcome = Outcome(EMAIL)
    chunks = one.chunks()
    read = next(chunks)
    changed = sealer(OLD).seal("new@example.com", "user.email")
    owner.execute("UPDATE app_user SET email_sealed = %s WHERE id = 'usr_001'", [changed])
    owner.execute("UPDATE app_user SET email_sealed = NULL WHERE id = 'usr_002'")
    owner.execute("DELETE FROM app_user WHERE id = 'usr_003'")
    replaced = one.replace(read, outcome)
    now = emails(owner, BOTH)
    assert ("new@example.com" in now, "fan-2@example.com" in now) == (safe, not safe), "the control must lose"
    assert replaced == len(read) - (3 if safe else 1)
    assert "fan-3@example.com" not in now
    one.run()
    assert ("new@example.com" in emails(owner, sealer(NEW))) is safe


def test_a_row_that_a_request_holds_is_not_waited_for(users: ServiceDatabase, owner: Any) -> None:
    fill(owner, 10)
    with psycopg.connect(users.service_dsn) as request:
        request.execute("SELECT FROM app_user WHERE id = 'usr_004' FOR UPDATE")
        held = Rotation(owner, BOTH, EMAIL).run()
        assert (held.resealed, dict(held.by_key)) == (7, {"t2": 7, "t1": 1})
        later = sealer(OLD).seal("later@example.com", "user.email")
        request.execute("UPDATE app_user SET email_sealed = %s WHERE id = 'usr_004'", [later])
    assert Rotation(owner, BOTH, EMAIL).run().resealed == 1
    assert "later@example.com" in emails(owner, sealer(NEW))


def test_writers_and_a_second_rotation_at_the_same_time(users: ServiceDatabase, owner: Any) -> None:
    """Requests that still seal with the old key write all the while; nothing of theirs is lost."""
    fill(owner, 60)
    seal = sealer(OLD).seal
    with (
        psycopg.connect(users.service_dsn, autocommit=True) as request,
        psycopg.connect(users.owner_dsn, autocommit=True) as second,
    ):
        one, other = Rotation(owner, BOTH, EMAIL), Rotation(second, BOTH, EMAIL)
        ahead = other.chunks()
        written: set[str] = set()
        for number, rows in enumerate(one.chunks()):
            written.add(email := f"written-{number}@example.com")
            request.execute(
                "UPDATE app_user SET email_sealed = %s WHERE id = %s", [seal(email, "user.email"), rows[0][0]]
            )
            if (more := next(ahead, None)) is not None:
                other.replace(more, Outcome(EMAIL))
            one.replace(rows, Outcome(EMAIL))
        assert one.run().by_key == {"t2": 48}
    now = emails(owner, sealer(NEW))
    assert written <= {*now}
    assert len(now) == 48


def test_killed_in_the_middle_it_goes_on(users: ServiceDatabase, owner: Any) -> None:
    fill(owner, 400)
    code = (
        "import os, signal, sys\n"
        "from pydantic import SecretStr\n"
        "from services.kit.rotation import Rotation, rotate\n"
        "from services.kit.sealing import SealedColumn, Sealer\n"
        "whole, left = Rotation.replace, [3]\n"
        "def replace(self, rows, outcome):\n"
        "    left[0] -= 1\n"
        "    if not left[0]: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return whole(self, rows, outcome)\n"
        "Rotation.replace = replace\n"
        "keys = Sealer([SecretStr(key) for key in sys.argv[2:]])\n"
        "list(rotate(sys.argv[1], keys, [SealedColumn('app_user', 'email_sealed', 'user.email', at_once=50)]))\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code, users.owner_dsn, NEW, OLD], cwd=ROOT, env=os.environ, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    [half] = rotate(users.owner_dsn, BOTH, [EMAIL], only_count=True)
    assert half.by_key == {"t2": 100, "t1": 220}
    [done] = rotate(users.owner_dsn, BOTH, [EMAIL])
    assert (done.resealed, dict(done.by_key)) == (220, {"t2": 320})


def test_the_command_says_when_a_key_can_go(users: ServiceDatabase, owner: Any) -> None:
    fill(owner, 10)

    def run(*arguments: str, keys: str = f"{NEW},{OLD}", **more: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "DATA_KEYS": keys,
            "USERS_OWNER_DATABASE_URL": users.owner_dsn,
            **more,
        }
        return subprocess.run(
            [sys.executable, "-m", "services.rotate", *arguments, "users"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    checked = run("--check")
    assert (checked.returncode, checked.stderr) == (1, "")
    assert "users app_user.email_sealed: 8 values, 8 need t1" in checked.stdout
    assert "8 values still need t1" in checked.stdout
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    assert "users app_user.email_sealed: 8 values, 8 sealed anew" in done.stdout
    assert "nothing needs t1 any more" in done.stdout
    assert run("--check", keys=NEW).returncode == 0
    too_soon = run(keys=OLD)
    assert too_soon.returncode == 1
    assert "8 values still need t2, which DATA_KEYS does not have: put it back" in too_soon.stdout
    weak = "dev1:ZGV2ZWxvcG1lbnQtZGF0YS1rZXktMzItYnl0ZXMtISE"
    refused = run(keys=weak, MONOQL_ENV="production")
    assert refused.returncode == 1
    assert "DATA_KEYS" in refused.stderr
    assert "fan-" not in done.stdout + checked.stdout


def test_a_forgotten_key_is_noticed_at_reading() -> None:
    with pytest.raises(SealBroken, match="no key"):
        sealer(NEW).open(sealer(OLD).seal("x", "c"), "c")
