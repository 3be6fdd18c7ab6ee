"""The whole system for end-to-end tests, started once for a run, on free ports, with data of its own."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.devtools import run_state, tokens
from scripts.devtools.databases import with_database
from scripts.devtools.outbox import Message, read_messages
from scripts.devtools.run_state import RunState
from scripts.devtools.settings import load
from scripts.devtools.tokens import Mint
from tests.support import run


@dataclass(frozen=True)
class RunningStack:
    """A running system: `endpoint` speaks GraphQL, `mint` makes tokens that it takes.

    `state.processes` has every process's pid and port, for tests that kill one or ask it directly.
    """

    data_dir: Path
    endpoint: str
    mint: Mint

    @property
    def state(self) -> RunState:
        """The processes as they are now."""
        state = run_state.read(self.data_dir)
        assert state is not None
        return state

    def url(self, process: str) -> str:
        """The address of one process: `users`, `users-backend`, `worker`, …"""
        return f"http://127.0.0.1:{self.state.processes[process].port}"

    def token(self, persona: str, *, expires_in: float = 3600, **claims: object) -> str:
        """A token for a persona; `claims` replace the usual ones."""
        return self.mint.mint(persona, expires_in=expires_in, **claims)

    def messages(self, to: str | None = None) -> list[Message]:
        """The text messages sent so far, oldest first; to one number when given."""
        messages, _ = read_messages(self.data_dir / "outbox" / "sms.ndjson")
        return [message for message in messages if to in {None, message.to}]

    def database(self, service: str) -> str:
        """The superuser's connection URL to a service's database, to count what is really there."""
        admin_dsn = self.state.admin_dsn
        assert admin_dsn is not None
        return with_database(admin_dsn, f"monoql_{service}")


def running(data_dir: Path, state: RunState) -> RunningStack:
    """A system that was launched with its data in `data_dir`."""
    key = tokens.load_key(data_dir / "identity" / "key.pem")
    return RunningStack(
        data_dir, state.endpoint, Mint(state.issuer, load()["OIDC_AUDIENCE"], key, tokens.key_id(key))
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--split` runs the same tests on the other topology."""
    parser.addoption("--split", action="store_true", help="every backend is a process of its own behind HTTP")
    parser.addoption(
        "--trains", action="store_true", help="tests/e2e/trains too: 25 processes, minutes of CPU"
    )
    parser.addoption(
        "--containers", action="store_true", help="tests/e2e/containers too: images and containers"
    )


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> RunningStack:
    """The system, shared by all workers of the run: tests must not count on being alone in it."""
    state = run.start_once("stack", split=bool(request.config.getoption("--split")))
    return running(run.folder() / "stack", state)
