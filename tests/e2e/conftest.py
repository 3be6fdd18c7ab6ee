"""What end-to-end tests share: a client of the running system's router."""

from collections.abc import AsyncIterator

import pytest

from scripts.devtools.graphql_client import GraphQLClient
from tests.support.stack import RunningStack


@pytest.fixture
async def client(stack: RunningStack) -> AsyncIterator[GraphQLClient]:
    async with GraphQLClient(stack.endpoint, connections=50) as opened:
        yield opened
