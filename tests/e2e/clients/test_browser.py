"""A real browser registers a fan from another origin, where that origin is allowed and nowhere else."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.devtools.graphql_client import GraphQLClient
from tests.e2e.clients.conftest import Fan
from tests.support import frontends
from tests.support.router_process import RouterProcess, fans_router
from tests.support.stack import RunningStack

CHROMIUM = shutil.which("chromium")
ENTRY = "query Entry($slug: String!) { campaign(slug: $slug) { viewerEntry { id } } }"

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="No browser here: `apt-get install chromium` brings one."
)


@dataclass(frozen=True)
class Site:
    """One page at two origins, and the router, which allows the first."""

    allowed: str
    other: str
    router: RouterProcess


@pytest.fixture(scope="module")
def site(stack: RunningStack, built: Path) -> Iterator[Site]:
    with (
        frontends.served(built) as allowed,
        frontends.served(built) as other,
        fans_router(stack, ROUTER_ALLOWED_ORIGINS=allowed) as router,
    ):
        yield Site(allowed, other, router)


async def entry_of(client: GraphQLClient, fan: dict[str, str]) -> str | None:
    found = await client.query(ENTRY, {"slug": fan["slug"]}, token=fan["token"])
    return (found["campaign"]["viewerEntry"] or {}).get("id")


async def test_a_fan_registers_from_an_allowed_origin(client: GraphQLClient, site: Site, fan: Fan) -> None:
    given = fan(f"{site.router.url}/fan/graphql")
    shown = frontends.in_chromium(str(CHROMIUM), site.allowed, given)
    assert shown == {
        "title": "A night to remember",
        "entry": await entry_of(client, given),
        "state": "ACCEPTED",
    }


async def test_from_another_origin_nothing_reaches_the_graph(
    client: GraphQLClient, site: Site, fan: Fan
) -> None:
    given = fan(f"{site.router.url}/fan/graphql")
    assert frontends.in_chromium(str(CHROMIUM), site.other, given) == {"refused": "Failed to fetch"}
    assert await entry_of(client, given) is None
