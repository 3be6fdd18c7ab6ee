"""Step 8: an analyst exports the entries and gets exactly the rows that the counts say."""

import csv
import hashlib
import io
from typing import Any

import aiohttp

from scripts.devtools.journey import documents as d
from scripts.devtools.journey.ledger import Ledger
from scripts.devtools.journey.player import Player
from scripts.devtools.journey.registration import Campaign, metrics

STAFF = "analyst"


async def export_entries(player: Player, ledger: Ledger, campaign: Campaign) -> None:
    """Starts an export, polls it, downloads it, and compares it with the metrics."""
    ledger.begin("8 export")
    counted = await metrics(player, campaign)
    started = await player.do(
        STAFF,
        d.START_EXPORT,
        "ExportStarted",
        campaignId=campaign.id,
        kind="ENTRIES",
        format="CSV",
        purpose="INTERNAL",
    )
    job = await player.until_done("the export", lambda: _job(player, started["job"]["id"]))
    body = await _download(job["downloadUrl"])
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    ledger.expect("rows in the file", counted["registrations"], len(rows))
    ledger.expect("rowCount", len(rows), job["rowCount"])
    ledger.expect("byteSize", len(body), job["byteSize"])
    ledger.expect("sha256", hashlib.sha256(body).hexdigest(), job["sha256"])
    by_state = {
        state: sum(row["state"] == state for row in rows) for state in counted if state != "registrations"
    }
    ledger.expect("rows by state", {s: n for s, n in counted.items() if s != "registrations"}, by_state)


async def _job(player: Player, id_: str) -> dict[str, Any] | None:
    return (await player.ask(STAFF, d.EXPORT_JOB, id=id_))["exportJob"]


async def _download(url: str) -> bytes:
    async with aiohttp.ClientSession(trust_env=False) as session, session.get(url) as answer:
        answer.raise_for_status()
        return await answer.read()
