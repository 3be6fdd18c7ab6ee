"""Drawing a wave, and reading who won: typed twins of `selections.sql`."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from services.entries.backend import draws_rules, rosters_store, waves_rules
from services.entries.backend import waves_wire as w
from services.entries.backend.rosters_store import SEED, Superseded, read_roster
from services.entries.backend.waves_rules import Ballot, Pick
from services.kit import jobs
from services.kit.paging import Page, cut
from services.kit.pg import Connection, Database, Queries, Row
from services.kit.sealing import Sealer

q = Queries(Path(__file__).with_name("selections.sql"))
_PATIENCE_SECONDS = 120
_CHUNK = 500_000
"""Winners that are written at once: each time the whole roster is gone through."""
_LOADED, _DRAWN = 0.3, 0.6
"""How far a run is, by rule of thumb, when the roster is loaded and when the winners are known."""


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
        roster: list[Ballot] = []
        async with self._patient.transaction("repeatable_read") as connection:
            seats = await read_roster(
                self._patient,
                connection,
                wave_id,
                lambda lines: roster.extend(map(draws_rules.ballot, lines)),
            )
        await self._report(wave_id, _LOADED)
        picks = await asyncio.to_thread(
            waves_rules.select,
            wave["strategy"],
            roster,
            seats,
            draws_rules.draw_seed(seed, wave["beacon_value"]),
        )
        await self._report(wave_id, _DRAWN)
        # Hashed here while PostgreSQL writes them there.
        outcome = asyncio.create_task(asyncio.to_thread(draws_rules.outcome_hash, picks))
        try:
            async with self._patient.transaction() as connection:
                await self._patient.execute(rosters_store.q.join_by_hash, connection)
                await self._patient.execute(rosters_store.q.sort_in_memory, connection)
                await self._patient.execute(q.hold_wave, connection, id=wave_id)
                ids = waves_rules.selection_ids(wave_id, wave["committed_at"], len(picks))
                for start in range(0, len(picks), _CHUNK):
                    chunk = slice(start, start + _CHUNK)
                    await self._insert(connection, wave_id, ids[chunk], picks[chunk])
                await self._conclude(connection, wave_id, seed, picks, await outcome)
        except (Superseded, asyncpg.UniqueViolationError):
            # Another worker was first: selections and conclusion come to exist together.
            return
        finally:
            outcome.cancel()

    async def fail(self, wave_id: str) -> None:
        """Gives a run up that failed again and again."""
        failure = (
            "The selection could not be run. Run it again; if that fails too, tell support the wave's id."
        )
        await self._database.execute(q.fail_run, id=wave_id, failure=failure)

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

    async def _insert(
        self, connection: Connection, wave_id: str, ids: Sequence[str], picks: Sequence[Pick]
    ) -> None:
        await self._patient.execute(
            q.insert_selections,
            connection,
            wave_id=wave_id,
            ids=ids,
            entry_ids=[pick.entry_id for pick in picks],
            event_ids=[pick.event_id for pick in picks],
            market_ids=[pick.market_id for pick in picks],
            ranks=[pick.rank for pick in picks],
        )

    async def _conclude(
        self, connection: Connection, wave_id: str, seed: bytes, picks: Sequence[Pick], outcome: str
    ) -> None:
        concluded = await self._patient.fetchval(
            q.conclude_run,
            connection,
            id=wave_id,
            seed=seed,
            outcome_hash=bytes.fromhex(outcome),
            selected=len(picks),
            first_choices=sum(pick.rank == 1 for pick in picks),
        )
        if not concluded:
            raise Superseded
        await jobs.defer(connection, "entries:publish", queue="entries", lock=wave_id, wave_id=wave_id)

    async def _report(self, wave_id: str, progress: float) -> None:
        await self._database.execute(q.report_progress, id=wave_id, progress=progress)


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
