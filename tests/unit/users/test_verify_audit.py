"""`scripts/verify-audit`: who changes the log behind the service's back, as the database's owner can, is found out."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from structlog.testing import capture_logs

from scripts.devtools.commands.verify_audit import main
from scripts.devtools.databases import ServiceDatabase
from services.kit.ids import new_id
from tests.support.service import ServiceUnderTest, open_service
from tests.unit.users.test_audit import event
from tests.unit.users.world import World, found_team


def run(arguments: list[str]) -> int | str | None:
    """The command's exit code."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    return end.value.code


@dataclass
class Log:
    """A team's log of nine events, and the database's owner."""

    users: ServiceUnderTest
    world: World
    url: str
    owner: asyncpg.Connection

    async def tamper(self, statement: str) -> None:
        await self.owner.execute(statement.replace(":team", f"'{self.world.team}'"))

    async def verify(self, *arguments: object) -> int | str | None:
        given = [str(argument) for argument in arguments]
        return await asyncio.to_thread(run, ["--database-url", self.url, *given])


@pytest.fixture
async def log(database: Callable[[str], ServiceDatabase], tmp_path: Path) -> AsyncIterator[Log]:
    made = database("users")
    async with open_service("users", made.service_dsn, sms_outbox=tmp_path / "sms") as users:
        world = await found_team(users)
        events = [event(world, f"action{n}") for n in range(8)]
        await users.rest("POST", "/audit/events", {"events": events})
        owner = await asyncpg.connect(made.owner_dsn)
        yield Log(users, world, made.owner_dsn, owner)
        await owner.close()


async def test_an_honest_log_holds(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    assert await log.verify() == 0
    assert "10 events of 2 teams; 2 chains hold." in capsys.readouterr().out
    assert await log.verify("--team", log.world.team) == 0
    assert "9 events of 1 teams" in capsys.readouterr().out


FORWARD = "ALTER TABLE audit_chain DISABLE TRIGGER audit_chain_moves_forward; "
TAMPERED = {
    "edited": ("UPDATE audit_event SET actor = 'usr_x' WHERE team_id = :team AND sequence = 4", 4,
               "not what was written"),
    "given another time": (
        "UPDATE audit_event SET at = at - interval '1 microsecond' WHERE team_id = :team AND sequence = 6", 6,
        "not what was written",
    ),
    "deleted": ("DELETE FROM audit_event WHERE team_id = :team AND sequence = 5", 5, "event 5 is missing"),
    "deleted, the rest moved up": (
        "DELETE FROM audit_event WHERE team_id = :team AND sequence = 5;"
        "UPDATE audit_event SET sequence = -sequence WHERE team_id = :team AND sequence > 5;"
        "UPDATE audit_event SET sequence = -sequence - 1 WHERE team_id = :team AND sequence < 0", 5,
        "does not follow on the one before it",
    ),
    "swapped": (
        "UPDATE audit_event SET sequence = -sequence WHERE team_id = :team AND sequence IN (3, 4);"
        "UPDATE audit_event SET sequence = 7 + sequence WHERE team_id = :team AND sequence < 0", 3,
        "does not follow on the one before it",
    ),
    "rewritten with another hash": (
        "UPDATE audit_event SET hash = sha256(hash) WHERE team_id = :team AND sequence = 2", 2, "not what was written",
    ),
    "cut off": (
        "DELETE FROM audit_event WHERE team_id = :team AND sequence > 7", 8, "it ends at 7, but had 9 events",
    ),
    "removed altogether": ("DELETE FROM audit_event WHERE team_id = :team", 1, "it ends at 0, but had 9 events"),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERED)
async def test_the_first_broken_link_is_named(
    log: Log, capsys: pytest.CaptureFixture[str], tmp_path: Path, how: str
) -> None:
    statement, place, words = TAMPERED[how]
    await log.tamper(statement)
    assert await log.verify("--export", tmp_path / "log.ndjson") == 1
    seen = capsys.readouterr().out
    assert f"{log.world.team}: broken at {place}: " in seen
    assert words in seen
    assert "1 chains hold." in seen
    assert run(["--file", str(tmp_path / "log.ndjson")]) == 1
    assert capsys.readouterr().out == seen


async def test_a_cut_with_its_head_is_noticed_by_what_was_logged(
    log: Log, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with capture_logs() as lines:
        await log.users.resources.audit.note_heads()
    anchors = tmp_path / "worker.log"
    anchors.write_text("".join(json.dumps(line) + "\n" for line in [{"event": "job done"}, *lines]))
    assert await log.verify("--anchors", anchors) == 0
    await log.tamper(
        f"{FORWARD} DELETE FROM audit_event WHERE team_id = :team AND sequence > 7;"
        "UPDATE audit_chain SET (sequence, hash) = (SELECT sequence, hash FROM audit_event"
        " WHERE team_id = :team AND sequence = 7) WHERE team_id = :team"
    )
    assert await log.verify() == 0, "the chain alone cannot tell"
    assert await log.verify("--anchors", anchors) == 1
    assert "it ends at 7, but had 9 events" in capsys.readouterr().out
    await log.users.rest("POST", "/audit/events", {"events": [event(log.world, "other") for _ in range(2)]})
    assert await log.verify("--anchors", anchors) == 1
    assert "event 9 is another one than was noted elsewhere" in capsys.readouterr().out
    await log.tamper(
        "DELETE FROM audit_event WHERE team_id = :team; DELETE FROM audit_chain WHERE team_id = :team"
    )
    assert await log.verify("--anchors", anchors) == 1
    assert "nothing is left of a chain" in capsys.readouterr().out


async def test_a_file_is_checked_like_the_database(
    log: Log, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    exported = tmp_path / "log.ndjson"
    assert await log.verify("--export", exported, "--team", log.world.team) == 0
    assert run(["--file", str(exported)]) == 0
    lines = exported.read_text().splitlines()
    for changed, words in [
        (lines[:-1], "it ends at 8, but had 9 events"),
        ([*lines[:3], lines[4], lines[3], *lines[5:]], "event 3 is missing"),
        ([*lines[:3], lines[3].replace("action1", "action9"), *lines[4:]], "event 3 is not what was written"),
    ]:
        exported.write_text("\n".join(changed))
        capsys.readouterr()
        assert run(["--file", str(exported)]) == 1, words
        assert words in capsys.readouterr().out
    for broken, words in [
        (lines[1:], "no line that says where"),
        (["{}"], "line 1: no line of an audit log"),
    ]:
        exported.write_text("\n".join(broken))
        assert run(["--file", str(exported)]) == 2
        assert words in capsys.readouterr().err


def test_a_database_that_does_not_answer_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run(["--database-url", "postgresql://127.0.0.1:1/none?connect_timeout=1", "--team", new_id("tea")])
        == 2
    )
    assert capsys.readouterr().err.startswith("error: ")
