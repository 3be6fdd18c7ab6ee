"""The users service on a database of its own, with a peer that records what entries is told."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from scripts.devtools.databases import ServiceDatabase
from tests.support.proof_providers import Providers
from tests.support.service import ServiceUnderTest, open_service
from tests.unit.users.world import EntriesPeer, World, found_team


@pytest.fixture
def entries() -> EntriesPeer:
    return EntriesPeer()


@pytest.fixture
def sms_outbox(tmp_path: Path) -> Path:
    return tmp_path / "outbox" / "sms.ndjson"


@pytest.fixture(scope="session")
def providers_of_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Providers]:
    with Providers(tmp_path_factory.mktemp("providers")) as running:
        yield running


@pytest.fixture
def providers(providers_of_session: Providers) -> Providers:
    """Who vouches for fans; nothing is asked yet, and nothing put in front."""
    providers_of_session.answers.clear()
    providers_of_session.asked.clear()
    return providers_of_session


@pytest.fixture
def users_database(database: Callable[[str], ServiceDatabase]) -> ServiceDatabase:
    """The database under the service, for tests that take a safeguard away as its owner."""
    return database("users")


@pytest.fixture
async def users(
    users_database: ServiceDatabase, entries: EntriesPeer, sms_outbox: Path, providers: Providers
) -> AsyncIterator[ServiceUnderTest]:
    async with open_service(
        "users",
        users_database.service_dsn,
        transports={"entries": entries.transport()},
        sms_outbox=sms_outbox,
        phone_resend_seconds=0,
        phone_cap_per_ip=1_000_000,
        **providers.settings,
    ) as service:
        yield service


@pytest.fixture
async def world(users: ServiceUnderTest) -> World:
    """Two teams with staff and a campaign each, and a fan who entered the first one's."""
    return await found_team(users)
