"""Step 5: a wave is made, previewed, committed, run and finalized."""

import asyncio
import sys
import tempfile
from asyncio.subprocess import PIPE, STDOUT
from dataclasses import dataclass
from typing import Any

from scripts.devtools.journey import documents as d
from scripts.devtools.journey.ledger import Ledger
from scripts.devtools.journey.player import Player, download
from scripts.devtools.journey.registration import Campaign
from scripts.devtools.settings import ROOT

STAFF = "selection-manager"


@dataclass(frozen=True)
class Wave:
    """A finalized wave: its selections as the graph answers them."""

    id: str
    selections: list[dict[str, Any]]

    def entries(self) -> set[str]:
        """The ids of the winners' entries."""
        return {selection["entry"]["id"] for selection in self.selections}

    def by_event(self) -> dict[str, int]:
        """How many selections each event has."""
        counts: dict[str, int] = {}
        for selection in self.selections:
            counts[selection["event"]["id"]] = counts.get(selection["event"]["id"], 0) + 1
        return counts


async def select(player: Player, ledger: Ledger, campaign: Campaign, accepted: int) -> Wave:
    """Draws the winners: no event above capacity, nobody where she did not want to go, a verifiable draw."""
    ledger.begin("5 selection")
    created = await player.do(
        STAFF,
        d.CREATE_WAVE,
        "WaveCreated",
        campaignId=campaign.id,
        name="First wave",
        strategy="RANDOM_PRIORITY",
        reassignment="EXCLUDE_SELECTED",
    )
    wave_id = created["wave"]["id"]
    preview = await player.do(STAFF, d.PREVIEW, "SelectionPreview", waveId=wave_id)
    ledger.expect("eligible in the preview", accepted, preview["eligible"])
    await player.do(STAFF, d.COMMIT_WAVE, "WaveCommitted", waveId=wave_id)
    draw = (await _wave(player, wave_id))["draw"]
    sealed = (bool(draw["rosterRoot"]), bool(draw["seedCommitment"]), draw["seed"] is None)
    ledger.expect("root and commitment out, seed not", (True, True, True), sealed)
    await player.send(player.token(STAFF), d.RUN_SELECTION, waveId=wave_id)
    await player.until_done("the selection", lambda: _job(player, wave_id))
    finalized = await player.do(STAFF, d.FINALIZE_WAVE, "WaveFinalized", waveId=wave_id)
    ledger.expect("wave", "FINALIZED", finalized["wave"]["state"])
    selections = await _selections(player, wave_id)
    _reconcile(ledger, campaign, selections, (await _wave(player, wave_id))["capacities"])
    verified = await player.ask(STAFF, d.VERIFY_DRAW, waveId=wave_id)
    ledger.expect("the draw verifies", True, verified["verifyDraw"]["valid"])
    ledger.expect("and from its file alone", "", await complaints_about_draw(player, wave_id))
    return Wave(wave_id, selections)


def _reconcile(
    ledger: Ledger, campaign: Campaign, selections: list[dict[str, Any]], capacities: list[dict[str, Any]]
) -> None:
    seats = dict.fromkeys(campaign.allocations, 0)
    unranked = 0
    for selection in selections:
        seats[selection["event"]["id"]] += selection["entry"]["ticketQuantity"]
        ranked = [preference["market"]["id"] for preference in selection["entry"]["preferences"]]
        unranked += ranked[selection["preferenceRank"] - 1] != selection["market"]["id"]
    above = sum(taken > campaign.allocations[event] for event, taken in seats.items())
    ledger.expect("events above their capacity", 0, above)
    ledger.expect("winners of a market they did not rank", 0, unranked)
    told = {capacity["event"]["id"]: capacity["selected"] for capacity in capacities}
    ledger.expect("seats taken, as counted and as told", sum(seats.values()), sum(told.values()))
    winners = {selection["entry"]["id"] for selection in selections}
    ledger.expect("winners selected once", len(selections), len(winners))
    ledger.expect("somebody won", True, bool(selections))


async def complaints_about_draw(player: Player, wave_id: str) -> str:
    """What `scripts/verify-draw` finds wrong with the published file of a draw: nothing, if it is fair."""
    url = await player.until("the draw's file is published", lambda: _draw_file(player, wave_id), bool)
    content = await download(url)
    with tempfile.NamedTemporaryFile(suffix=".draw.gz") as file:
        file.write(content)
        file.flush()
        program = await asyncio.create_subprocess_exec(
            sys.executable, ROOT / "scripts" / "verify-draw", file.name, stdout=PIPE, stderr=STDOUT
        )
        said, _ = await program.communicate()
    return "" if program.returncode == 0 else said.decode()


async def _draw_file(player: Player, wave_id: str) -> str:
    return (await _wave(player, wave_id))["drawFileUrl"] or ""


async def _job(player: Player, wave_id: str) -> dict[str, Any] | None:
    return (await _wave(player, wave_id))["job"]


async def _wave(player: Player, wave_id: str) -> dict[str, Any]:
    return (await player.ask(STAFF, d.WAVE, id=wave_id))["wave"]


async def _selections(player: Player, wave_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        wave = (await player.ask(STAFF, d.WAVE_SELECTIONS, id=wave_id, after=after))["wave"]
        found += wave["selections"]["nodes"]
        if not wave["selections"]["pageInfo"]["hasNextPage"]:
            return found
        after = wave["selections"]["pageInfo"]["endCursor"]
