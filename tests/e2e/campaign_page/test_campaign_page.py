"""The campaign page through the router: asked for once, kept by caches, right after an edit, there for its entrants."""

import secrets
from typing import Any

import httpx
import pytest

from scripts.devtools.campaign_setup import Campaign, open_campaign, transition
from scripts.devtools.graphql_client import GraphQLClient
from scripts.devtools.load.pages import CAMPAIGN
from scripts.devtools.load.requests import json_of
from tests.e2e.tracing.test_one_trace import spans
from tests.support.registering import register
from tests.support.routers import needs
from tests.support.stack import RunningStack

CARD = "query Card($slug: String!) { campaign(slug: $slug) { id state content { title } } }"
RENAME = """mutation Rename($input: SetCampaignContentInput!) {
  setCampaignContent(input: $input) { __typename ... on CampaignContentSet { campaign { version } } } }"""


async def entered(stack: RunningStack, client: GraphQLClient) -> tuple[Campaign, str, str]:
    """An open campaign, the token of a fan who is in, and her entry's id."""
    campaign = await open_campaign(client, stack.token("editor"))
    token = stack.token(f"fan:{1_000_000 + secrets.randbelow(8_000_000)}")
    return campaign, token, await register(client, campaign, token)


async def traced_page(stack: RunningStack, client: GraphQLClient) -> str:
    """The trace of one whole page."""
    campaign, token, entry_id = await entered(stack, client)
    trace_id = secrets.token_hex(16)
    answer = await client.post_raw(
        json_of(CAMPAIGN, {"slug": campaign.slug, "locale": "fr-CA"}),
        token=token,
        headers={"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"},
    )
    page = answer.json()["data"]["campaign"]
    assert page["viewerEntry"]["id"] == entry_id
    assert page["viewerEligibility"] == {"eligible": True, "reasons": []}
    assert len(page["markets"]) == len(page["events"]) == 3
    return trace_id


async def test_a_page_is_one_backend_request_for_each_subgraph(
    stack: RunningStack, client: GraphQLClient
) -> None:
    trace_id = await traced_page(stack, client)
    asked: dict[str, list[str]] = {}
    for process in ("campaigns", "entries", "codes"):
        of_process = {span["span_id"]: span for span in await spans(stack, trace_id, process, 3)}
        inside = [
            s["name"] for s in of_process.values() if named(of_process, s["parent_id"]) == "graphql execute"
        ]
        asked[process] = [name for name in inside if name.startswith("POST /")]
    assert asked == {
        "campaigns": ["POST /campaigns/batch"],
        "entries": ["POST /campaigns/viewer"],
        "codes": ["POST /codes/batch"],
    }


@needs("spans in the log")
async def test_a_page_asks_each_subgraph_once(stack: RunningStack, client: GraphQLClient) -> None:
    trace_id = await traced_page(stack, client)
    fetched = [s["name"] for s in await spans(stack, trace_id, "router", 4) if s["name"].startswith("fetch ")]
    assert sorted(fetched) == ["fetch campaigns", "fetch codes", "fetch entries"]


def named(spans_by_id: dict[str, Any], span_id: str) -> str | None:
    span = spans_by_id.get(span_id)
    return None if span is None else span["name"]


async def test_a_kept_page_is_right_after_an_edit(stack: RunningStack, client: GraphQLClient) -> None:
    campaign = await open_campaign(client, stack.token("editor"))
    given = {"query": CARD, "variables": f'{{"slug": "{campaign.slug}"}}'}
    async with httpx.AsyncClient(trust_env=False, headers={"apollo-require-preflight": "1"}) as browser:
        first = await browser.get(stack.endpoint, params=given)
        known = {"if-none-match": first.headers["etag"]}
        assert first.headers["cache-control"] == "public, max-age=0, must-revalidate"
        assert (await browser.get(stack.endpoint, params=given, headers=known)).status_code == 304
        renamed = {"id": campaign.id, "locale": "en-US", "title": "Another night"}
        await client.query(RENAME, {"input": renamed}, token=stack.token("editor"))
        after = await browser.get(stack.endpoint, params=given, headers=known)
        assert after.json()["data"]["campaign"]["content"] == {"title": "Another night"}
        known = {"if-none-match": after.headers["etag"]}
        await transition(client, stack.token("editor"), campaign.id, "PAUSED")
        paused = await browser.get(stack.endpoint, params=given, headers=known)
        assert paused.json()["data"]["campaign"]["state"] == "PAUSED"
        mine = await browser.get(
            stack.endpoint, params=given, headers={"authorization": f"Bearer {stack.token('fan')}"}
        )
        assert (mine.headers["cache-control"], "etag" in mine.headers) == ("private, no-store", False)


@pytest.mark.parametrize("life", [["CANCELLED"], ["CANCELLED", "ARCHIVED"]])
async def test_an_entry_still_has_its_campaign_when_that_is_put_away(
    stack: RunningStack, client: GraphQLClient, life: list[str]
) -> None:
    campaign, token, entry_id = await entered(stack, client)
    for state in life:
        await transition(client, stack.token("editor"), campaign.id, state)
    query = """query Mine($id: ID!, $slug: String!) {
      entry(id: $id) { state campaign { state content { title } } preferences { market { name } } }
      viewer { entries(first: 5) { nodes { campaign { id state } } } }
      campaign(slug: $slug) { state viewerEntry { id } }
      campaigns(first: 100) { nodes { id } }
    }"""
    seen = await client.query(query, {"id": entry_id, "slug": campaign.slug}, token=token)
    assert seen["entry"]["campaign"] == {"state": life[-1], "content": {"title": "A night to remember"}}
    assert all(preference["market"]["name"] for preference in seen["entry"]["preferences"])
    assert seen["viewer"]["entries"]["nodes"] == [{"campaign": {"id": campaign.id, "state": life[-1]}}]
    assert seen["campaign"] == {"state": life[-1], "viewerEntry": {"id": entry_id}}
    assert campaign.id not in {node["id"] for node in seen["campaigns"]["nodes"]}
