"""The users service on a database of its own, with a peer that records what entries is told."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from scripts.devtools.databases import ServiceDatabase
from tests.support.service import ServiceUnderTest, open_service
from tests.unit.users.world import EntriesPeer, World, found_team


@pytest.fixture
def entries() -> EntriesPeer:
    return EntriesPeer()


@pytest.fixture
def sms_outbox(tmp_path: Path) -> Path:
    return tmp_path / "outbox" / "sms.ndjson"


@pytest.fixture
async def users(
    database: Callable[[str], ServiceDatabase], entries: EntriesPeer, sms_outbox: Path
) -> AsyncIterator[ServiceUnderTest]:
    async with open_service(
        "users",
        database("users").service_dsn,
        transports={"entries": entries.transport()},
        sms_outbox=sms_outbox,
        phone_resend_seconds=0,
        phone_cap_per_ip=1_000_000,
    ) as service:
        yield service


@pytest.fixture
async def world(users: ServiceUnderTest) -> World:
    """Two teams with staff and a campaign each, and a fan who entered the first one's."""
    return await found_team(users)
