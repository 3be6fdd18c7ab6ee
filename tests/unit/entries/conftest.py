"""Fixtures of this folder."""

from collections.abc import Callable, Iterator

import pytest

from scripts.devtools.databases import ServiceDatabase
from tests.support.postgres import Databases


@pytest.fixture(scope="module")
def shared_database(databases: Databases) -> Iterator[Callable[[str], ServiceDatabase]]:
    """As `database`, but one for all tests of a file: for tests that look only at campaigns of their own."""
    made: dict[str, ServiceDatabase] = {}

    def make(service: str) -> ServiceDatabase:
        if service not in made:
            made[service] = databases.create(service)
        return made[service]

    yield make
    for each in made.values():
        databases.drop(each)
