"""All four services with a campaign that was played through, in a thread of their own: Hypothesis waits for nobody."""

from collections.abc import Iterator
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from scripts.devtools.databases import ServiceDatabase
from services import SERVICES
from tests.contract.permissions.world import World, build
from tests.support.house import open_house
from tests.support.postgres import Databases


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    """Runs what is awaited: `portal.call(world.house.users.rest, "GET", "/teams")`."""
    with start_blocking_portal() as opened:
        yield opened


@pytest.fixture(scope="module")
def played(
    portal: BlockingPortal, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    made: list[ServiceDatabase] = []

    def make(service: str) -> ServiceDatabase:
        made.append(databases.create(service))
        return made[-1]

    files = str(tmp_path_factory.mktemp("files"))
    settings: dict[str, dict[str, Any]] = {name: {"files_url": files} for name in SERVICES}
    settings["users"] |= {
        "sms_outbox": tmp_path_factory.mktemp("outbox") / "sms.ndjson",
        "phone_resend_seconds": 0,
    }
    with portal.wrap_async_context_manager(open_house(make, settings=settings)) as house:
        yield portal.call(build, house)
    for each in made:
        databases.drop(each)
