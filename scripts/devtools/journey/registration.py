"""Steps 1 to 4: a campaign is made and opened, fans register and confirm their phones, the campaign closes."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from scripts.devtools import outbox
from scripts.devtools.journey import documents as d
from scripts.devtools.journey.fans import Fan
from scripts.devtools.journey.ledger import Ledger
from scripts.devtools.journey.player import Player, all_at_once, count_by

MARKETS = (
    ("New York", "US", "Madison Square Garden", 0.12),
    ("Toronto", "CA", "Scotiabank Arena", 0.09),
    ("Mexico City", "MX", "Palacio de los Deportes", 0.06),
)
"""Name, country, venue, and tickets per fan: far fewer than wanted, as in life."""
TITLES = {
    "en-US": "The Long Night Tour",
    "fr-CA": "La tournée de la longue nuit",
    "es-MX": "La gira de la larga noche",
}


@dataclass
class Campaign:
    """The journey's campaign: its id, its version, and what was set up in it."""

    id: str
    version: int
    markets: dict[str, str] = field(default_factory=dict[str, str])
    allocations: dict[str, int] = field(default_factory=dict[str, int])
    event_of: dict[str, str] = field(default_factory=dict[str, str])


async def open_campaign(player: Player, ledger: Ledger, fans: int) -> Campaign:
    """Step 1: an editor makes a campaign in three locales and markets, an event in each, and opens it."""
    ledger.begin("1 campaign")
    now = datetime.now(UTC)
    [team] = (await player.ask("editor", d.TEAMS))["viewer"]["teams"]
    created = await player.do(
        "editor",
        d.CREATE_CAMPAIGN,
        "CampaignCreated",
        teamId=team["id"],
        slug=f"journey-{secrets.token_hex(4)}",
        defaultLocale="en-US",
        countries=["US", "CA", "MX"],
        registration=_window(now - timedelta(minutes=1), now + timedelta(days=2)),
        phoneRequired=True,
        identityKey="EMAIL",
    )
    campaign = Campaign(created["campaign"]["id"], created["campaign"]["version"])
    for locale, title in TITLES.items():
        result = await _edit(
            player, campaign, d.SET_CONTENT, "CampaignContentSet", locale=locale, title=title
        )
        campaign.version = result["campaign"]["version"]
    for name, country, venue, share in MARKETS:
        await _add_market(player, campaign, name, country, venue, max(4, round(fans * share)), now)
    opened = await _edit(player, campaign, d.TRANSITION, "CampaignTransitioned", to="OPEN")
    campaign.version = opened["campaign"]["version"]
    ledger.expect("state", "OPEN", opened["campaign"]["state"])
    ledger.expect("markets with an event at a venue", len(MARKETS), len(campaign.allocations))
    return campaign


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
    messages, _ = outbox.read_messages(outbox.outbox_path(player.settings))
    return {message.to: found[0] for message in messages if (found := re.search(r"\d{6}", message.body))}


async def close(
    player: Player, ledger: Ledger, campaign: Campaign, late: Fan, states: dict[str, int]
) -> None:
    """Step 4: the campaign closes, the very next submit is refused, and unconfirmed entries are invalidated."""
    ledger.begin("4 close")
    before = await metrics(player, campaign)
    ledger.expect("accepted before", states["ACCEPTED"], before.get("ACCEPTED", 0))
    closed = await _edit(player, campaign, d.TRANSITION, "CampaignTransitioned", to="CLOSED")
    campaign.version = closed["campaign"]["version"]
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


async def _add_market(
    player: Player, campaign: Campaign, name: str, country: str, venue: str, allocation: int, now: datetime
) -> None:
    found = await player.ask("editor", d.VENUES, search=venue, country=country)
    [place] = found["venues"]["nodes"]
    market = await player.do(
        "editor",
        d.UPSERT_MARKET,
        "MarketUpserted",
        campaignId=campaign.id,
        expectedVersion=campaign.version,
        name=name,
        country=country,
        venueId=place["id"],
    )
    campaign.version = market["campaign"]["version"]
    market_id = market["market"]["id"]
    event = await player.do(
        "editor",
        d.UPSERT_EVENT,
        "EventUpserted",
        campaignId=campaign.id,
        expectedVersion=campaign.version,
        marketId=market_id,
        name=f"{TITLES['en-US']}: {name}",
        startsAt=_iso(now + timedelta(days=60)),
        presale=_window(now + timedelta(days=7), now + timedelta(days=8)),
        allocation=allocation,
        codeMode="SINGLE_USE",
        ticketLimit=4,
    )
    campaign.version = event["campaign"]["version"]
    campaign.markets[market_id] = name
    campaign.event_of[market_id] = event["event"]["id"]
    campaign.allocations[event["event"]["id"]] = allocation


async def _edit(
    player: Player, campaign: Campaign, document: str, wanted: str, **fields: Any
) -> dict[str, Any]:
    return await player.do(
        "editor", document, wanted, id=campaign.id, expectedVersion=campaign.version, **fields
    )


def _window(opens: datetime, closes: datetime) -> dict[str, str]:
    return {"opensAt": _iso(opens), "closesAt": _iso(closes)}


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
