"""Step 6: codes are imported, bad lines reported, the wave is assigned, again to no effect, and winners are told."""

import secrets
from typing import Any

from scripts.devtools.journey import documents as d
from scripts.devtools.journey.fans import Fan
from scripts.devtools.journey.ledger import Ledger
from scripts.devtools.journey.player import Player
from scripts.devtools.journey.registration import Campaign, texts
from scripts.devtools.journey.selection import Wave

STAFF = "code-manager"
SPARE = 5
_STATES = ("available", "reserved", "assigned", "redeemed", "expired", "voided")
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
# What is wrong with these lines of the file, which stand behind the good ones.
BAD_LINES = ("no spaces allowed", "x", "ümlaut-not-allowed")


async def distribute(player: Player, ledger: Ledger, campaign: Campaign, wave: Wave) -> None:
    """Every winner gets exactly one code of her event."""
    ledger.begin("6 codes")
    needed = wave.by_event()
    for event in campaign.allocations:
        await _import(player, ledger, event, needed.get(event, 0) + SPARE)
    first = await _assign(player, ledger, wave, replayed=False)
    found = await counts(player, campaign)
    again = await _assign(player, ledger, wave, replayed=True)
    ledger.expect("the second time it is the same distribution", first, again)
    ledger.expect("and no count has changed", found, await counts(player, campaign))
    ledger.expect("assigned codes", len(wave.selections), sum(count["assigned"] for count in found.values()))
    ledger.expect("left over", SPARE * len(campaign.allocations), sum(c["available"] for c in found.values()))
    unbalanced = sum(sum(c[state] for state in _STATES) != c["total"] for c in found.values())
    ledger.expect("pools whose counts do not add up", 0, unbalanced)


async def told(player: Player, ledger: Ledger, wave: Wave, winner: Fan, code: str) -> None:
    """Every winner is told once: who got this code by text message is the one whose code it is."""
    await player.until("all winners are told", lambda: _delivered(player, wave), len(wave.selections).__eq__)
    ledger.expect("winners who were told", len(wave.selections), await _delivered(player, wave))
    receivers = [message.to for message in texts(player) if code in message.body]
    ledger.expect("text messages with her code", [winner.phone], receivers)


async def _delivered(player: Player, wave: Wave) -> int:
    return (await player.ask(STAFF, d.WAVE, id=wave.id))["wave"]["distribution"]["delivered"]


async def _import(player: Player, ledger: Ledger, event: str, count: int) -> None:
    pool = await player.do(STAFF, d.CREATE_POOL, "CodePoolCreated", eventId=event)
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(12)) for _ in range(count)]
    lines = [*codes, codes[0], codes[1], *BAD_LINES]
    started = await player.do(
        STAFF,
        d.IMPORT_CODES,
        "CodeImportStarted",
        poolId=pool["pool"]["id"],
        csv="\r\n".join(lines) + "\r\n",
        idempotencyKey=secrets.token_hex(8),
    )
    job = await player.until_done("the import", lambda: _import_job(player, started["import"]["id"]))
    found = (job["accepted"], job["duplicates"], job["malformed"])
    ledger.expect("accepted, duplicate, malformed", (count, 2, len(BAD_LINES)), found)
    reported = sorted(error["line"] for error in job["errors"])
    ledger.expect("bad lines by number", list(range(count + 1, len(lines) + 1)), reported)


async def _import_job(player: Player, id_: str) -> dict[str, Any] | None:
    return (await player.ask(STAFF, d.CODE_IMPORT, id=id_))["codeImport"]


async def _assign(player: Player, ledger: Ledger, wave: Wave, *, replayed: bool) -> str:
    started = await player.do(STAFF, d.ASSIGN_CODES, "CodesAssignmentStarted", waveId=wave.id)
    ledger.expect("assignment replayed", replayed, started["replayed"])
    id_ = started["distribution"]["id"]
    done = await player.until_done("the assignment", lambda: _distribution(player, id_))
    ledger.expect("winners with a code", len(wave.selections), done["assigned"])
    return id_


async def _distribution(player: Player, id_: str) -> dict[str, Any] | None:
    return (await player.ask(STAFF, d.DISTRIBUTION, id=id_))["codeDistribution"]


async def counts(player: Player, campaign: Campaign) -> dict[str, dict[str, int]]:
    """How many codes of each event are in which state."""
    events = (await player.ask(STAFF, d.CODE_POOLS, campaignId=campaign.id))["campaign"]["events"]
    return {event["id"]: event["codePool"]["counts"] for event in events}
