"""The kit on a database of its own: the users service's, for its outbox and job tables."""

from collections.abc import AsyncIterator, Callable

import pytest
from pydantic import SecretStr

from scripts.devtools.databases import ServiceDatabase
from services.kit.pg import Database, open_database
from services.kit.sealing import Sealer
from tests.support.service import SETTINGS


@pytest.fixture
def service_database(database: Callable[[str], ServiceDatabase]) -> ServiceDatabase:
    return database("users")


@pytest.fixture
async def db(service_database: ServiceDatabase) -> AsyncIterator[Database]:
    async with open_database(
        service_database.service_dsn, size=8, statement_timeout_ms=5000, name="test"
    ) as opened:
        yield opened


@pytest.fixture
def sealer() -> Sealer:
    return Sealer([SecretStr(key) for key in SETTINGS["data_keys"]])
