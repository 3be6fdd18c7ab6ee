"""Steps 1 to 4: a campaign is made and opened, fans register and confirm their phones, the campaign closes."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.devtools import campaign_setup, outbox
from scripts.devtools.campaign_setup import CampaignPlan
from scripts.devtools.fan_client.enums import EntryState, PhoneChannel
from scripts.devtools.fan_client.input_types import (
    ConfirmPhoneVerificationInput,
    PreferenceInput,
    StartPhoneVerificationInput,
    SubmitEntryInput,
)
from scripts.devtools.fan_client.submit_entry import SubmitEntry
from scripts.devtools.journey import documents as d
from scripts.devtools.journey import looks
from scripts.devtools.journey.fans import Fan
from scripts.devtools.journey.ledger import Ledger
from scripts.devtools.journey.player import JourneyStopped, Player, all_at_once

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
    slug: str
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
    found = (await player.ask("editor", d.CAMPAIGN_EDITOR, id=made.id))["campaign"]
    ledger.expect("state", "OPEN", found["state"])
    ledger.expect("locales", sorted(TITLES), sorted(found["locales"]))
    places = [market["venue"]["name"] for market in found["markets"] if market["events"]]
    ledger.expect("venues with an event", sorted(VENUES), sorted(places))
    return Campaign(made.id, made.slug, list(made.market_ids), dict.fromkeys(made.event_ids, plan.allocation))


async def register(player: Player, ledger: Ledger, campaign: Campaign, fans: Sequence[Fan]) -> dict[int, str]:
    """Step 2: every fan submits at once, every tenth twice; answers each fan's entry id."""
    ledger.begin("2 registration")
    twice = [fan for index, fan in enumerate(fans) for _ in range(2 if index % 10 == 0 else 1)]
    results = await all_at_once(twice, lambda fan: submit(player, campaign, fan))
    counts = Counter(result.submit_entry.typename__ for result in results)
    ledger.expect("EntrySubmitted", len(fans), counts["EntrySubmitted"])
    ledger.expect("AlreadyEntered", len(twice) - len(fans), counts["AlreadyEntered"])
    entries: dict[int, set[str]] = {}
    for fan, result in zip(twice, results, strict=True):
        entries.setdefault(fan.number, set()).add(_entry(result)[0])
    ledger.expect("fans with one entry id", len(fans), sum(len(ids) == 1 for ids in entries.values()))
    ledger.expect("distinct entries", len(fans), len(set().union(*entries.values())))
    waiting = sum(_entry(result)[1] is EntryState.PENDING_PHONE for result in results)
    ledger.expect("answers that wait for a phone", len(twice), waiting)
    return {number: next(iter(ids)) for number, ids in entries.items()}


def _entry(result: SubmitEntry) -> tuple[str, EntryState | None]:
    """The entry's id and state; the answer itself where there is none."""
    made = result.submit_entry
    if made.typename__ == "EntrySubmitted" or made.typename__ == "AlreadyEntered":
        return made.entry.id, made.entry.state
    return str(made), None


async def submit(player: Player, campaign: Campaign, fan: Fan) -> SubmitEntry:
    """One registration."""
    preferences = [PreferenceInput(market_id=market) for market in fan.preferences]
    return await player.fan(fan.token).submit_entry(
        SubmitEntryInput(campaign_id=campaign.id, preferences=preferences, ticket_quantity=fan.tickets)
    )


async def confirm_phones(player: Player, ledger: Ledger, fans: Sequence[Fan]) -> None:
    """Step 3: each fan asks for a code, reads it in the development SMS outbox, and confirms."""
    ledger.begin("3 phone")
    started = await all_at_once(
        fans, lambda fan: start_verification(player, fan.token, fan.phone), at_most=50
    )
    inbox = _inbox(player)
    ledger.expect("text messages with a code", len(fans), sum(fan.phone in inbox for fan in fans))
    confirmed = await all_at_once(
        list(zip(fans, started, strict=True)),
        lambda pair: confirm(player, pair[0].token, pair[1], inbox.get(pair[0].phone, "000000")),
        at_most=50,
    )
    ledger.expect("PhoneConfirmed", len(fans), confirmed.count("PhoneConfirmed"))


async def start_verification(player: Player, token: str, phone: str) -> str:
    """Has a code sent to a phone; the verification's id."""
    asked = StartPhoneVerificationInput(phone=phone, channel=PhoneChannel.SMS)
    started = (await player.fan(token).start_phone_verification(asked)).start_phone_verification
    if started.typename__ != "PhoneVerificationStarted":
        raise JourneyStopped(f"no code was sent: {started}")
    return started.verification_id


async def confirm(player: Player, token: str, verification: str, code: str) -> str:
    """Gives the code back; what the answer is."""
    given = ConfirmPhoneVerificationInput(verification_id=verification, code=code)
    confirmed = await player.fan(token).confirm_phone_verification(given)
    return confirmed.confirm_phone_verification.typename__


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
    ledger.expect("the very next submit", "CampaignNotOpen", refused.submit_entry.typename__)
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
