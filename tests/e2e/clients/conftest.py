"""The frontends of the tests, built once, and somebody who uses them."""

import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.devtools.campaign_setup import Campaign, open_campaign
from scripts.devtools.graphql_client import GraphQLClient
from tests.support import frontends
from tests.support.stack import RunningStack

Fan = Callable[[str], dict[str, str]]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with `apollo.js`, `urql.js` and the page."""
    frontends.ensure_installed()
    folder = tmp_path_factory.mktemp("frontends")
    frontends.bundle(folder)
    return folder


@pytest.fixture
async def campaign(stack: RunningStack, client: GraphQLClient) -> Campaign:
    return await open_campaign(client, stack.token("editor"))


@pytest.fixture
def fan(stack: RunningStack, campaign: Campaign) -> Fan:
    """Somebody new who will register at an endpoint."""
    token = stack.token(f"fan:{1_000_000 + secrets.randbelow(8_000_000)}")
    return lambda endpoint: {"endpoint": endpoint, "token": token, "slug": campaign.slug}
