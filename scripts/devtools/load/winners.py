"""Makes the registered fans of a session winners who have seen their codes, by the steps of the journey."""

from scripts.devtools import campaign_setup
from scripts.devtools import settings as devsettings
from scripts.devtools.graphql_client import GraphQLClient
from scripts.devtools.journey import codes, selection
from scripts.devtools.journey.ledger import Ledger
from scripts.devtools.journey.player import Player
from scripts.devtools.journey.registration import Campaign
from scripts.devtools.load.pages import CODES
from scripts.devtools.load.session import LoadError, Session


async def give_codes(session: Session) -> None:
    """Closes the campaign, draws, gives each winner a code and has her read it once.

    Raises LoadError, JourneyStopped, CampaignSetupError, GraphQLErrors.
    """
    session.tell("Drawing winners and giving them their codes")
    ledger, made = Ledger(), session.campaign
    async with GraphQLClient(session.state.endpoint) as client:
        player = Player(devsettings.load(), client)
        await campaign_setup.transition(client, player.token("editor"), made.id, "CLOSED")
        capacity = campaign_setup.CampaignPlan().allocation
        campaign = Campaign(made.id, made.slug, made.market_ids, dict.fromkeys(made.event_ids, capacity))
        wave = await selection.select(player, ledger, campaign, len(session.registered))
        await codes.distribute(player, ledger, campaign, wave)
        for token in session.registered:
            await client.query(CODES, {"slug": made.slug}, token=token.decode())
    if wrong := [line.fact for line in ledger.lines if not line.good]:
        raise LoadError(f"Not every fan has a code of hers: {', '.join(wrong)}.")
