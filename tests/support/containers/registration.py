"""A fan registers, whatever the system runs in."""

import secrets
from typing import Any, Protocol

from scripts.devtools.campaign_setup import Campaign
from scripts.devtools.graphql_client import GraphQLClient
from scripts.devtools.load.requests import SUBMIT


class Tokens(Protocol):
    """A system that says who somebody is."""

    def token(self, persona: str) -> str: ...


async def register(system: Tokens, client: GraphQLClient, campaign: Campaign) -> dict[str, Any]:
    """A new fan's registration for the campaign's first market, as it was answered."""
    token = system.token(f"fan:{1_000_000 + secrets.randbelow(8_000_000)}")
    given = {"campaignId": campaign.id, "preferences": [{"marketId": campaign.market_ids[0]}]}
    return (await client.query(SUBMIT, {"input": given}, token=token))["submitEntry"]
