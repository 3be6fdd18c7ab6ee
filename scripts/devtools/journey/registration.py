"""Steps 1 to 4: a campaign is made and opened, fans register and confirm their phones, the campaign closes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scripts.devtools import campaign_setup, outbox
from scripts.devtools.campaign_setup import CampaignPlan
from scripts.devtools.journey import documents as d
from scripts.devtools.journey import looks
from scripts.devtools.journey.fans import Fan
from scripts.devtools.journey.ledger import Ledger
from scripts.devtools.journey.player import Player, all_at_once, count_by

VENUES = ("Madison Square Garden", "Scotiabank Arena", "Palacio de los Deportes")
TITLES = {
    "en-US": "The Long Night Tour",
    "fr-CA": "La tournée de la longue nuit",
    "es-MX": "La gira de la larga noche",
}
TICKETS_PER_FAN = 0.09
"""At each venue: far fewer than wanted, as in life."""


@dataclass(frozen=True)
class Campaign:
    """The journey's campaign; `allocations` are tickets by event."""

    id: str
    markets: Sequence[str]
    allocations: dict[str, int]


async def open_campaign(player: Player, ledger: Ledger, fans: int) -> Campaign:
    """Step 1: an editor makes a campaign in three locales and markets, an event in each, and opens it."""
    ledger.begin("1 campaign")
    plan = CampaignPlan(
        titles=TITLES,
        venues=VENUES,
        allocation=max(4, round(fans * TICKETS_PER_FAN)),
        phone_required=True,
    )
    editor = player.token("editor")
    made = await campaign_setup.draft_campaign(player.client, editor, plan)
    await looks.dress(player, ledger, made.id)
    await campaign_setup.transition(player.client, editor, made.id, "OPEN")
    found = (await player.ask("editor", d.SET_UP, id=made.id))["campaign"]
    ledger.expect("state", "OPEN", found["state"])
    ledger.expect("locales", sorted(TITLES), sorted(found["locales"]))
    places = [market["venue"]["name"] for market in found["markets"] if market["events"]]
    ledger.expect("venues with an event", sorted(VENUES), sorted(places))
    return Campaign(made.id, list(made.market_ids), dict.fromkeys(made.event_ids, plan.allocation))


async def register(player: Player, ledger: Ledger, campaign: Campaign, fans: Sequence[Fan]) -> dict[int, str]:
    """Step 2: every fan submits at once, every tenth twice; answers each fan's entry id."""
    ledger.begin("2 registration")
    twice = [fan for index, fan in enumerate(fans) for _ in range(2 if index % 10 == 0 else 1)]
    results = await all_at_once(twice, lambda fan: submit(player, campaign, fan))
    counts = count_by(results, "__typename")
    ledger.expect("EntrySubmitted", len(fans), counts.get("EntrySubmitted", 0))
    ledger.expect("AlreadyEntered", len(twice) - len(fans), counts.get("AlreadyEntered", 0))
    entries: dict[int, set[str]] = {}
    for fan, result in zip(twice, results, strict=True):
        entries.setdefault(fan.number, set()).add(result["entry"]["id"] if "entry" in result else str(result))
    ledger.expect("fans with one entry id", len(fans), sum(len(ids) == 1 for ids in entries.values()))
    ledger.expect("distinct entries", len(fans), len(set().union(*entries.values())))
    waiting = sum(result.get("entry", {}).get("state") == "PENDING_PHONE" for result in results)
    ledger.expect("answers that wait for a phone", len(twice), waiting)
    return {number: next(iter(ids)) for number, ids in entries.items()}


async def submit(player: Player, campaign: Campaign, fan: Fan) -> dict[str, Any]:
    """One registration."""
    return await player.send(
        fan.token,
        d.SUBMIT,
        campaignId=campaign.id,
        preferences=[{"marketId": market} for market in fan.preferences],
        ticketQuantity=fan.tickets,
    )


async def confirm_phones(player: Player, ledger: Ledger, fans: Sequence[Fan]) -> None:
    """Step 3: each fan asks for a code, reads it in the development SMS outbox, and confirms."""
    ledger.begin("3 phone")
    started = await all_at_once(
        fans,
        lambda fan: player.do_with(
            fan.token, d.START_VERIFICATION, "PhoneVerificationStarted", phone=fan.phone, channel="SMS"
        ),
        at_most=50,
    )
    inbox = _inbox(player)
    ledger.expect("text messages with a code", len(fans), sum(fan.phone in inbox for fan in fans))
    confirmed = await all_at_once(
        list(zip(fans, started, strict=True)),
        lambda pair: player.send(
            pair[0].token,
            d.CONFIRM_VERIFICATION,
            verificationId=pair[1]["verificationId"],
            code=inbox.get(pair[0].phone, "000000"),
        ),
        at_most=50,
    )
    ledger.expect("PhoneConfirmed", len(fans), count_by(confirmed, "__typename").get("PhoneConfirmed", 0))


def _inbox(player: Player) -> dict[str, str]:
    """The newest code sent to each number."""
    return {message.to: found[0] for message in texts(player) if (found := re.search(r"\d{6}", message.body))}


def texts(player: Player) -> list[outbox.Message]:
    """All text messages so far, the oldest first."""
    return outbox.read_messages(outbox.outbox_path(player.settings))[0]


async def close(
    player: Player, ledger: Ledger, campaign: Campaign, late: Fan, states: dict[str, int]
) -> None:
    """Step 4: the campaign closes, the very next submit is refused, and unconfirmed entries are invalidated."""
    ledger.begin("4 close")
    before = await metrics(player, campaign)
    ledger.expect("accepted before", states["ACCEPTED"], before.get("ACCEPTED", 0))
    await campaign_setup.transition(player.client, player.token("editor"), campaign.id, "CLOSED")
    refused = await submit(player, campaign, late)
    ledger.expect("the very next submit", "CampaignNotOpen", refused["__typename"])
    after = await metrics(player, campaign)
    for state, expected in states.items():
        ledger.expect(state, expected, after.get(state, 0))


async def metrics(player: Player, campaign: Campaign) -> dict[str, int]:
    """Entries by state, and all of them under `registrations`."""
    found = (await player.ask("analyst", d.METRICS, id=campaign.id))["campaign"]["metrics"]
    return {
        "registrations": found["registrations"],
        **{row["state"]: row["count"] for row in found["byState"]},
    }
