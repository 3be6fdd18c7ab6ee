"""A fan registers, by the client generated from the fan contract."""

from scripts.devtools.campaign_setup import Campaign
from scripts.devtools.fan_client.client import FanClient
from scripts.devtools.fan_client.input_types import PreferenceInput, SubmitEntryInput
from scripts.devtools.graphql_client import GraphQLClient


async def register(client: GraphQLClient, campaign: Campaign, token: str) -> str:
    """She ranks all markets of a campaign in their order; her entry's id."""
    preferences = [PreferenceInput(market_id=id_) for id_ in campaign.market_ids]
    wishes = SubmitEntryInput(campaign_id=campaign.id, preferences=preferences)
    submitted = (await FanClient(client, token).submit_entry(wishes)).submit_entry
    assert submitted.typename__ == "EntrySubmitted", submitted
    return submitted.entry.id
