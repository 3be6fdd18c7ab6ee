"""Drawing a wave, and reading who won: typed twins of `selections.sql`."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from services.entries.backend import draws_rules, waves_rules
from services.entries.backend import waves_wire as w
from services.entries.backend.rosters_store import SEED, ballot_of
from services.entries.backend.waves_rules import Ballot, Pick, Seat
from services.kit.errors import NotFound
from services.kit.paging import Page, cut
from services.kit.pg import Connection, Database, Queries, Row
from services.kit.sealing import Sealer

q = Queries(Path(__file__).with_name("selections.sql"))
_PATIENCE_SECONDS = 120
_CHUNK = 5000
_LOADED, _DRAWN = 0.5, 0.7
"""How far a run is, by rule of thumb, when the roster is loaded and when the winners are known."""


class _Superseded(Exception):
    """The wave was called off, or another worker concluded it: what this run wrote is rolled back."""


class SelectionStore:
    """Selections."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._patient = database.patient(_PATIENCE_SECONDS)
        self._sealer = sealer

    async def draw(self, wave_id: str) -> None:
        """Runs a wave that waits for it. The job's task: killed anywhere and run again, it equals having been run once.

        All selections, the seed and the outcome come to exist in one transaction; ids and picks follow from
        what was committed.
        """
        wave = await self._database.fetchrow(q.begin_run, id=wave_id)
        if wave is None:
            return
        seed = self._sealer.open(wave["seed_sealed"], SEED)
        roster, seats = await self._read_roster(wave_id, wave["eligible"])
        picks = await asyncio.to_thread(waves_rules.select, wave["strategy"], roster, seats, seed)
        await self._report(wave_id, _DRAWN)
        try:
            async with self._patient.transaction() as connection:
                for start in range(0, len(picks), _CHUNK):
                    chunk = picks[start : start + _CHUNK]
                    await self._insert(connection, wave_id, wave["campaign_id"], wave["committed_at"], chunk)
                await self._conclude(connection, wave_id, seed, picks)
        except _Superseded:
            return

    async def fail(self, wave_id: str) -> None:
        """Gives a run up that failed again and again."""
        failure = (
            "The selection could not be run. Run it again; if that fails too, tell support the wave's id."
        )
        await self._database.execute(q.fail_run, id=wave_id, failure=failure)

    async def verify(self, wave_id: str) -> w.Verification:
        """Draws the wave once more from its frozen roster and published seed, and compares. Raises NotFound."""
        async with self._patient.transaction("repeatable_read") as connection:
            wave = await self._database.fetchrow(q.drawn_wave, connection, id=wave_id)
            if wave is None:
                raise NotFound("There is no such wave, or it has not been committed.")
            roster, seats = await self._read_roster(wave_id, None, connection)
            rows = await self._patient.fetch(q.picks, connection, wave_id=wave_id)
        picks = [Pick(*row) for row in rows]
        proof = draws_rules.Proof(
            roster_root=wave["roster_root"].hex(),
            seed_commitment=wave["seed_commitment"].hex(),
            seed=wave["seed"] and wave["seed"].hex(),
            outcome_hash=wave["outcome_hash"] and wave["outcome_hash"].hex(),
        )
        found = await asyncio.to_thread(draws_rules.verify, proof, roster, seats, wave["strategy"], picks)
        return w.Verification(
            valid=found.valid,
            roster_root_matches=found.roster_root_matches,
            seed_matches=found.seed_matches,
            outcome_matches=found.outcome_matches,
            roster_size=len(roster),
            selected=len(picks),
        )

    async def selections(self, ids: Sequence[str]) -> list[w.Selection]:
        """The selections of these ids, as far as they exist."""
        return [_selection(row) for row in await self._database.fetch(q.selections_by_id, ids=list(ids))]

    async def final_selections_of_entries(self, entry_ids: Sequence[str]) -> list[w.Selection]:
        """What these entries have won in finalized waves, oldest first."""
        rows = await self._database.fetch(q.final_selections_of_entries, ids=list(entry_ids))
        return [_selection(row) for row in rows]

    async def pages_of_waves(self, pages: Sequence[w.SelectionPageRequest]) -> list[Page[w.Selection]]:
        """One page per request, in order; selections in id order."""
        rows = await self._database.fetch(
            q.pages_of_waves,
            wave_ids=[page.wave_id for page in pages],
            afters=[page.after for page in pages],
            limits=[page.limit for page in pages],
        )
        found: list[list[w.Selection]] = [[] for _ in pages]
        for row in rows:
            found[row["place"] - 1].append(_selection(row))
        return [cut(selections, page.limit) for selections, page in zip(found, pages, strict=True)]

    async def _read_roster(
        self, wave_id: str, expected: int | None, connection: Connection | None = None
    ) -> tuple[list[Ballot], list[Seat]]:
        """The frozen roster and the seats. With `expected`, how many there are, progress is reported."""
        if connection is None:
            async with self._patient.transaction("repeatable_read") as own:
                return await self._read_roster(wave_id, expected, own)
        roster: list[Ballot] = []
        async for rows in self._patient.stream(q.roster, connection, wave_id=wave_id):
            roster += map(ballot_of, rows)
            if expected:
                await self._report(wave_id, _LOADED * len(roster) / expected)
        seats = [Seat(*row) for row in await self._patient.fetch(q.seats, connection, wave_id=wave_id)]
        return roster, seats

    async def _insert(
        self,
        connection: Connection,
        wave_id: str,
        campaign_id: str,
        committed_at: datetime,
        picks: Sequence[Pick],
    ) -> None:
        await self._patient.execute(
            q.insert_selections,
            connection,
            wave_id=wave_id,
            campaign_id=campaign_id,
            ids=[waves_rules.selection_id(wave_id, committed_at, pick.entry_id) for pick in picks],
            entry_ids=[pick.entry_id for pick in picks],
            event_ids=[pick.event_id for pick in picks],
            market_ids=[pick.market_id for pick in picks],
            ranks=[pick.rank for pick in picks],
        )

    async def _conclude(
        self, connection: Connection, wave_id: str, seed: bytes, picks: Sequence[Pick]
    ) -> None:
        concluded = await self._patient.fetchval(
            q.conclude_run,
            connection,
            id=wave_id,
            seed=seed,
            outcome_hash=bytes.fromhex(draws_rules.outcome_hash(picks)),
            selected=len(picks),
            first_choices=sum(pick.rank == 1 for pick in picks),
        )
        if not concluded:
            raise _Superseded

    async def _report(self, wave_id: str, progress: float) -> None:
        await self._database.execute(q.report_progress, id=wave_id, progress=min(progress, 1.0))


def _selection(row: Row) -> w.Selection:
    return w.Selection(
        id=row["id"],
        wave_id=row["wave_id"],
        wave_state=row["wave_state"],
        entry_id=row["entry_id"],
        user_id=row["user_id"],
        campaign_id=row["campaign_id"],
        team_id=row["team_id"],
        event_id=row["event_id"],
        market_id=row["market_id"],
        preference_rank=row["preference_rank"],
    )
