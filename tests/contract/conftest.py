"""The world that the truth table is asked in: built once for a file of tests."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from scripts.devtools.databases import ServiceDatabase
from services import SERVICES
from tests.contract.permissions.world import World, build
from tests.support.house import open_house
from tests.support.postgres import Databases


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    made: list[ServiceDatabase] = []

    def make(service: str) -> ServiceDatabase:
        made.append(databases.create(service))
        return made[-1]

    outbox: Path = tmp_path_factory.mktemp("outbox") / "sms.ndjson"
    files = str(tmp_path_factory.mktemp("files"))  # what one service takes in, another reads
    settings: dict[str, dict[str, Any]] = {name: {"files_url": files} for name in SERVICES}
    settings["users"] |= {"sms_outbox": outbox, "phone_resend_seconds": 0}
    async with open_house(make, settings=settings) as house:
        yield await build(house)
    for each in made:
        databases.drop(each)
