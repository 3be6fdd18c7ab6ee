"""Step 8: an analyst exports the entries and gets exactly the rows that the counts say."""

import csv
import hashlib
import io
from typing import Any

from scripts.devtools.graphql_client import GraphQLErrors
from scripts.devtools.journey import documents as d
from scripts.devtools.journey.ledger import Ledger
from scripts.devtools.journey.player import JourneyStopped, Player, download
from scripts.devtools.journey.registration import Campaign, metrics

STAFF = "analyst"


async def export_entries(player: Player, ledger: Ledger, campaign: Campaign) -> None:
    """Starts an export, polls it, downloads it, and compares it with the metrics."""
    ledger.begin("8 export")
    counted = await metrics(player, campaign)
    started = await start(player, campaign.id)
    job = await player.until_done("the export", lambda: job_of(player, started))
    body = await download(job["downloadUrl"])
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    ledger.expect("rows in the file", counted["registrations"], len(rows))
    ledger.expect("rowCount", len(rows), job["rowCount"])
    ledger.expect("byteSize", len(body), job["byteSize"])
    ledger.expect("sha256", hashlib.sha256(body).hexdigest(), job["sha256"])
    by_state = {
        state: sum(row["state"] == state for row in rows) for state in counted if state != "registrations"
    }
    ledger.expect("rows by state", {s: n for s, n in counted.items() if s != "registrations"}, by_state)


async def read_an_address(player: Player, ledger: Ledger, campaign: Campaign) -> None:
    """Who works with entries sees who entered; her address only who may read personal data."""
    ledger.expect(
        "a PII viewer sees an entrant's address", True, bool(await _address(player, "pii-viewer", campaign))
    )
    ledger.expect("an analyst sees it", None, await _address(player, STAFF, campaign))


async def _address(player: Player, persona: str, campaign: Campaign) -> str | None:
    try:
        data = await player.ask(persona, d.ENTRIES, id=campaign.id)
    except GraphQLErrors as error:
        data = error.data if set(error.codes) == {"FORBIDDEN"} else None
    if not data:
        raise JourneyStopped(f"{persona} does not get the entries of the campaign")
    entry = data["campaign"]["entries"]["nodes"][0]
    return entry["user"] and entry["user"]["email"]


async def start(player: Player, campaign_id: str) -> str:
    """Starts an export of a campaign's entries as CSV; its job's id. Raises JourneyStopped, GraphQLErrors."""
    started = await player.do(
        STAFF,
        d.START_EXPORT,
        "ExportStarted",
        campaignId=campaign_id,
        kind="ENTRIES",
        format="CSV",
        purpose="INTERNAL",
    )
    return started["job"]["id"]


async def job_of(player: Player, id_: str) -> dict[str, Any] | None:
    """The export job as it is now."""
    return (await player.ask(STAFF, d.EXPORT_JOB, id=id_))["exportJob"]
