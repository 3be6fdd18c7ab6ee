"""The usual clients register a fan: Apollo Client and urql by registered documents alone, gql and ours by texts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport

from scripts.devtools.campaign_setup import Campaign
from scripts.devtools.fan_client.client import FanClient
from scripts.devtools.fan_client.input_types import PreferenceInput, SubmitEntryInput
from scripts.devtools.graphql_client import GraphQLClient, GraphQLErrors
from tests.e2e.clients.conftest import Fan
from tests.support import frontends
from tests.support.registering import register
from tests.support.router_process import GATEWAY, RouterProcess, fans_router
from tests.support.stack import RunningStack


@pytest.fixture(scope="module")
def router(stack: RunningStack) -> Iterator[RouterProcess]:
    with fans_router(stack) as running:
        yield running


@pytest.mark.parametrize("name", ["apollo", "urql"])
def test_a_javascript_client_lives_on_registered_documents(
    built: Path, router: RouterProcess, fan: Fan, name: str
) -> None:
    given = fan(f"{router.url}/fan/graphql")
    shown = frontends.in_node(built / f"{name}.js", given)
    assert shown == {"title": "A night to remember", "entry": shown["entry"], "state": "ACCEPTED"}
    with pytest.raises(frontends.FrontendFailed, match="AlreadyEntered"):
        frontends.in_node(built / f"{name}.js", given)


@pytest.mark.parametrize("name", ["apollo", "urql"])
def test_a_document_that_is_not_registered_is_an_error_to_the_client(
    built: Path, router: RouterProcess, fan: Fan, tmp_path: Path, name: str
) -> None:
    """Neither falls back to sending the text."""
    changed = tmp_path / f"{name}.mjs"
    changed.write_text((built / f"{name}.js").read_text().replace("__meta__.hash", "__meta__.hash.slice(1)"))
    with pytest.raises(frontends.FrontendFailed, match="No document is registered under this id"):
        frontends.in_node(changed, fan(f"{router.url}/fan/graphql"))


async def test_gql_speaks_to_the_router(stack: RunningStack, campaign: Campaign, fan: Fan) -> None:
    given = fan(stack.endpoint.replace("/graphql", "/fan/graphql"))
    page, submit = (
        gql((GATEWAY / "operations" / "fan" / f"{name}.graphql").read_text())
        for name in ("campaign_page", "submit_entry")
    )
    preferences = [{"marketId": id_} for id_ in campaign.market_ids]
    transport = AIOHTTPTransport(given["endpoint"], headers={"authorization": f"Bearer {given['token']}"})
    async with Client(transport=transport, fetch_schema_from_transport=True) as session:
        submit.variable_values = {"input": {"campaignId": campaign.id, "preferences": preferences}}
        submitted = (await session.execute(submit))["submitEntry"]
        page.variable_values = {"slug": campaign.slug}
        seen = (await session.execute(page))["campaign"]
    assert submitted["__typename"] == "EntrySubmitted"
    assert seen["viewerEntry"]["id"] == submitted["entry"]["id"]


async def test_our_own_client_knows_every_outcome(
    stack: RunningStack, client: GraphQLClient, campaign: Campaign, fan: Fan
) -> None:
    """It speaks to the endpoint of fans, and raises what the router answers as errors."""
    token = fan("")["token"]
    hers = FanClient(client, token)
    wishes = SubmitEntryInput(campaign_id=campaign.id, preferences=[PreferenceInput(market_id="mkt_none")])
    refused = (await hers.submit_entry(wishes)).submit_entry
    entry = await register(client, campaign, token)
    page = (await hers.campaign_page(campaign.slug, locale="fr-CA")).campaign
    assert refused.typename__ == "InvalidPreferences"
    assert refused.issues[0].path == ["preferences", "0", "marketId"]
    assert page
    assert page.viewer_entry
    assert (page.viewer_entry.id, page.content.is_fallback) == (entry, True)
    with pytest.raises(GraphQLErrors, match="UNAUTHENTICATED"):
        await FanClient(client).submit_entry(wishes)
