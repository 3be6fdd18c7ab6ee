"""A router as fans have it in production: the fan contract and registered documents alone, over the running system."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.devtools.campaign_setup import open_campaign
from scripts.devtools.graphql_client import GraphQLClient
from tests.support.router_process import GATEWAY, RouterProcess, fans_router
from tests.support.routers import needs
from tests.support.stack import RunningStack

pytestmark = needs("fan contract")

REGISTERED = json.loads((GATEWAY / "persisted.json").read_text())["operations"]
IDS = {one["name"]: one["id"] for one in REGISTERED}
QUERIES = [one["name"] for one in REGISTERED if one["type"] == "query"]


@pytest.fixture(scope="module")
def router(stack: RunningStack) -> Iterator[RouterProcess]:
    with fans_router(stack) as running:
        yield running


def send(
    router: RouterProcess, name: str, variables: dict[str, Any], token: str | None = None
) -> dict[str, Any]:
    """The answer to a registered document, sent by its id as Apollo Client does."""
    body = {
        "variables": variables,
        "extensions": {"persistedQuery": {"version": 1, "sha256Hash": IDS[name]}},
    }
    headers = {"authorization": f"Bearer {token}"} if token else {}
    answer = router.client.post("/fan/graphql", json=body, headers=headers).json()
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


async def test_a_fan_lives_on_registered_documents_alone(
    stack: RunningStack, client: GraphQLClient, router: RouterProcess
) -> None:
    campaign = await open_campaign(client, stack.token("editor"))
    token = stack.token(f"fan:{1_000_000 + secrets.randbelow(8_000_000)}")
    page = {"slug": campaign.slug, "locale": "fr-CA"}
    ranked = [{"marketId": id_} for id_ in campaign.market_ids]

    assert send(router, "CampaignPage", page)["campaign"]["viewerEntry"] is None
    submitted = send(
        router, "SubmitEntry", {"input": {"campaignId": campaign.id, "preferences": ranked}}, token
    )
    entry = submitted["submitEntry"]["entry"]
    changed = {"input": {"id": entry["id"], "preferences": ranked[:1]}}
    updated = send(router, "UpdateEntryPreferences", changed, token)["updateEntryPreferences"]
    mine = send(router, "CampaignPage", page, token)["campaign"]
    codes = send(router, "MyCode", page, token)["campaign"]["viewerEntry"]
    withdrawn = send(router, "WithdrawEntry", {"input": {"id": entry["id"]}}, token)["withdrawEntry"]

    assert [preference["rank"] for preference in updated["entry"]["preferences"]] == [1]
    assert (mine["viewerEntry"]["id"], len(mine["markets"])) == (entry["id"], 3)
    assert codes["selections"] == []
    assert withdrawn["entry"]["state"] == "WITHDRAWN"


@pytest.mark.parametrize("name", QUERIES)
async def test_every_registered_query_is_planned_and_answered(
    stack: RunningStack, client: GraphQLClient, router: RouterProcess, name: str
) -> None:
    """Whatever it asks for is in the contract's own graph, across subgraphs too."""
    campaigns = await client.query("{ campaigns(first: 1) { nodes { id slug promoter { id } } } }")
    campaign = campaigns["campaigns"]["nodes"][0]
    given = {"slug": campaign["slug"], "id": campaign["id"]}
    send(router, name, given, stack.token("fan"))


@pytest.mark.parametrize("text", ["{ viewer { id } }", "{ __schema { types { name } } }"])
def test_no_text_is_served(router: RouterProcess, text: str) -> None:
    refused = router.client.post("/fan/graphql", json={"query": text})

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_ID_REQUIRED"


async def test_in_development_fans_may_try_any_document_of_their_contract(stack: RunningStack) -> None:
    endpoint = stack.endpoint.replace("/graphql", "/fan/graphql")
    async with GraphQLClient(endpoint) as fans:
        assert (await fans.query("{ viewer { id } }", token=stack.token("fan")))["viewer"]["id"]
        staff = json.dumps({"query": "{ campaigns(first: 1) { nodes { metrics { registrations } } } }"})
        refused = await fans.post_raw(staff.encode(), token=stack.token("editor"))
    assert refused.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
