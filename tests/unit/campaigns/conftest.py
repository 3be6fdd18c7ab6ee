"""The campaigns service on real PostgreSQL; the receivers of its messages are stood in for at the seam."""

from collections.abc import AsyncIterator, Callable

import pytest

from scripts.devtools.databases import ServiceDatabase
from tests.support.service import open_service
from tests.unit.campaigns.campaigns import Campaigns
from tests.unit.campaigns.receivers import Receivers


@pytest.fixture
async def campaigns(database: Callable[[str], ServiceDatabase]) -> AsyncIterator[Campaigns]:
    """The service under test, with receivers that record, and words for what tests do with it."""
    receivers = Receivers()
    dsn = database("campaigns").service_dsn
    async with open_service("campaigns", dsn, transports=receivers.transports) as service:
        yield Campaigns(service, receivers, dsn)
