"""SIGSTOP of one subgraph's process: its port still takes connections, and nothing comes back."""

import asyncio
import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scripts.devtools.campaign_setup import open_campaign
from scripts.devtools.graphql_client import GraphQLClient
from scripts.devtools.load.requests import json_of
from tests.support.registering import register
from tests.support.stack import RunningStack

PAGE = """query Page($slug: String!) {
  viewer { id displayName }
  campaign(slug: $slug) { id content { title } viewerEntry { id accessCodes { id } } }
}"""
BEFORE_THE_DEADLINE = 8.0
"""Seconds. The router's patience with a subgraph is 2, its deadline for the whole request 10."""


@contextmanager
def frozen(stack: RunningStack, process: str) -> Iterator[None]:
    pid = stack.state.processes[process].pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def without(page: dict[str, Any], process: str) -> dict[str, Any]:
    """What is left of a page without one subgraph's fields."""
    campaign = page["campaign"]
    return {
        "users": {**page, "viewer": None},
        "campaigns": {**page, "campaign": None},
        "entries": {**page, "campaign": {**campaign, "viewerEntry": None}},
        "codes": page,  # she has no code yet: its silence shows in the errors alone
    }[process]


async def test_a_frozen_subgraph_costs_the_page_its_own_fields_alone(own_stack: RunningStack) -> None:
    async with GraphQLClient(own_stack.endpoint) as client:
        campaign = await open_campaign(client, own_stack.token("editor"))
        token = own_stack.token(f"fan:{1_000_000 + secrets.randbelow(8_000_000)}")
        await register(client, campaign, token)

        async def page() -> dict[str, Any]:
            async with asyncio.timeout(BEFORE_THE_DEADLINE):
                return (await client.post_raw(json_of(PAGE, {"slug": campaign.slug}), token=token)).json()

        whole = await page()
        assert "errors" not in whole
        assert whole["data"]["campaign"]["viewerEntry"]["id"]
        for process in ("users", "campaigns", "entries", "codes"):
            with frozen(own_stack, process):
                served = await page()
            assert served["data"] == without(whole["data"], process), process
            assert {error["extensions"]["code"] for error in served["errors"]} == {"UNAVAILABLE"}
            async with asyncio.timeout(30):
                while await page() != whole:
                    await asyncio.sleep(0.05)
