"""The journey as a whole."""

import time
from collections.abc import Callable

from scripts.devtools.graphql_client import GraphQLClient
from scripts.devtools.journey import codes, erasure, export, gates, pages, registration, selection
from scripts.devtools.journey.fans import fans
from scripts.devtools.journey.ledger import Ledger
from scripts.devtools.journey.player import Player
from scripts.devtools.settings import Settings

Say = Callable[[str], None]


async def play(settings: Settings, *, count: int, unconfirmed: int, seed: int, say: Say) -> Ledger:
    """Plays all ten steps with `count` fans, `unconfirmed` of whom never confirm their phone.

    Raises JourneyStopped or GraphQLErrors when an answer leaves nothing to go on with.
    """
    ledger = Ledger()
    endpoint = f"{settings.url('router')}/graphql"
    async with GraphQLClient(endpoint, connections=200) as client:
        player = Player(settings, client)
        say("An editor creates and opens a campaign")
        campaign = await registration.open_campaign(player, ledger, count)
        # Fans of an earlier journey are other people: their caps and cool-downs are theirs.
        first = int(time.time()) % 9000 * 1000 + 1
        everyone = fans(player.mint, count, list(campaign.markets), first=first, seed=seed)
        say(f"{count} fans register, every tenth twice")
        entries = await registration.register(player, ledger, campaign, everyone)
        say(f"{count - unconfirmed} of them confirm their phone")
        await registration.confirm_phones(player, ledger, everyone[unconfirmed:])
        say("The campaign closes")
        late = fans(player.mint, 1, list(campaign.markets), first=first + count, seed=seed)[0]
        states = {"ACCEPTED": count - unconfirmed, "INVALIDATED": unconfirmed, "PENDING_PHONE": 0}
        await registration.close(player, ledger, campaign, late, states)
        say("A selection manager draws the winners")
        wave = await selection.select(player, ledger, campaign, count - unconfirmed)
        say(f"A code manager gives {len(wave.selections)} winners their codes")
        await codes.distribute(player, ledger, campaign, wave)
        say("A winner, a loser and strangers look")
        winner = await pages.read_pages(player, ledger, campaign, wave, everyone[unconfirmed:], entries)
        say("An analyst exports the entries")
        await export.export_entries(player, ledger, campaign)
        await export.read_an_address(player, ledger, campaign)
        say("Fans prove who they are at a gate")
        gated = await gates.open_campaign(player)
        at_the_gate = fans(player.mint, gates.FANS, list(gated.markets), first=first + count + 1, seed=seed)
        await gates.pass_gates(player, ledger, gated, at_the_gate)
        say("A winner asks to be forgotten")
        await erasure.forget(player, ledger, campaign, wave, winner, entries[winner.number])
    return ledger
