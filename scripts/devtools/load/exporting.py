"""Exports of a big campaign, one after another, while registrations of another campaign arrive."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import asyncpg

from scripts.devtools import campaign_setup
from scripts.devtools import settings as devsettings
from scripts.devtools.bench.many_entries import fill, without_notes
from scripts.devtools.graphql_client import GraphQLClient
from scripts.devtools.journey import documents as d
from scripts.devtools.journey import export
from scripts.devtools.journey.player import Player
from scripts.devtools.load.measurement import Measurement
from scripts.devtools.load.session import Session

MOST_TIMES_P95 = 2.0
"""How many times longer the slowest twentieth of registrations may take while entries are exported."""


class Exporting:
    """`during` measures with exports under way; `seconds` says how long each took that was ready meanwhile."""

    def __init__(self, player: Player, campaign_id: str, entries: int) -> None:
        self._player = player
        self._campaign_id = campaign_id
        self._entries = entries
        self.seconds: list[float] = []

    async def during(self, measure: Callable[[], Awaitable[Measurement]]) -> Measurement:
        """What `measure` finds while one export follows another. The one under way at the end is cancelled."""
        exports = asyncio.create_task(self._export_again_and_again())
        try:
            return await measure()
        finally:
            exports.cancel()
            await asyncio.gather(exports, return_exceptions=True)

    def sentence(self, alone: Measurement, meanwhile: Measurement) -> str:
        """The figures in a line."""
        each = ", ".join(f"{seconds:.1f} s" for seconds in self.seconds) or "none was ready in time"
        return (
            f"p95 with exports of {self._entries:,} entries under way is {times_p95(alone, meanwhile):.2f} times that"
            f" without ({meanwhile.latency.p95 * 1000:.0f} ms to {alone.latency.p95 * 1000:.0f} ms). Exports: {each}."
        )

    async def _export_again_and_again(self) -> None:
        while True:
            began = time.monotonic()
            job = await export.start(self._player, self._campaign_id)
            try:
                await self._player.until_done("the export", partial(export.job_of, self._player, job))
            except asyncio.CancelledError:
                await self._player.send(self._player.token(export.STAFF), d.CANCEL_EXPORT, jobId=job)
                raise
            self.seconds.append(time.monotonic() - began)


def times_p95(alone: Measurement, meanwhile: Measurement) -> float:
    """How many times longer p95 is `meanwhile`."""
    return meanwhile.latency.p95 / alone.latency.p95 if alone.latency.p95 > 0 else float("inf")


@asynccontextmanager
async def exporting(session: Session, entries: int) -> AsyncIterator[Exporting]:
    """A further campaign that has so many entries, to be exported.

    Raises LoadError, JourneyStopped, CampaignSetupError, GraphQLErrors.
    """
    async with GraphQLClient(session.state.endpoint) as client:
        player = Player(devsettings.load(), client)
        made = await campaign_setup.open_campaign(client, player.token("editor"))
        session.tell(f"Filling campaign {made.id} with {entries:,} entries")
        owner = await asyncpg.connect(session.entries_dsn, timeout=10)
        try:
            async with without_notes(owner):
                await fill(owner, entries, scored=True, campaign_id=made.id, market_ids=made.market_ids)
        finally:
            await owner.close()
        yield Exporting(player, made.id, entries)
