"""What a wave would come to: drawn with a seed that is thrown away. Typed twins of `previews.sql`."""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from services.entries.backend import draws_rules, rosters_store, waves_rules
from services.entries.backend import waves_wire as w
from services.entries.backend.waves_rules import Ballot, Seat
from services.kit import jobs
from services.kit.errors import NotFound
from services.kit.ids import new_id
from services.kit.pg import Connection, Database, Queries, Row

q = Queries(Path(__file__).with_name("previews.sql"))
_PATIENCE_SECONDS = 120


class PreviewStore:
    """Previews: computed while the caller waits up to `live` accepted entries, by the worker beyond."""

    def __init__(self, database: Database, *, live: int) -> None:
        self._database = database.patient(_PATIENCE_SECONDS)
        self._live = live

    async def preview(self, wave_id: str) -> w.PreviewAnswer:
        """Draws a wave among those who would be on its roster now, or has it drawn. Raises NotFound."""
        async with self._database.transaction("repeatable_read") as connection:
            wave = await self._wave(connection, wave_id)
            if not await self._is_large(connection, wave):
                return w.PreviewAnswer(preview=await self._compute(connection, wave))
        async with self._database.transaction() as connection:
            queued = await self._database.fetchval(
                q.queue_preview, connection, wave_id=wave_id, job_id=new_id("job")
            )
            if queued:
                await jobs.defer(
                    connection, "entries:preview", queue="entries", lock=wave_id, wave_id=wave_id
                )
        [kept] = await self.kept([wave_id])
        return w.PreviewAnswer(job=kept.job)

    async def run(self, wave_id: str) -> None:
        """The job's task: computes a preview and keeps it."""
        if not await self._database.fetchval(q.begin_preview, wave_id=wave_id):
            return
        async with self._database.transaction("repeatable_read") as connection:
            found = await self._compute(connection, await self._wave(connection, wave_id))
        await self._database.execute(q.keep_preview, wave_id=wave_id, result=found)

    async def give_up(self, wave_id: str) -> None:
        """Gives a preview up that failed again and again."""
        failure = "The preview could not be computed. Ask for it again."
        await self._database.execute(q.fail_preview, wave_id=wave_id, failure=failure)

    async def kept(self, wave_ids: Sequence[str]) -> list[w.KeptPreview]:
        """The previews that the worker computed, or is about to."""
        return [_kept(row) for row in await self._database.fetch(q.previews, ids=list(wave_ids))]

    async def _wave(self, connection: Connection, wave_id: str) -> Row:
        wave = await self._database.fetchrow(q.wave_with_terms, connection, id=wave_id)
        if wave is None:
            raise NotFound("There is no such wave.")
        return wave

    async def _is_large(self, connection: Connection, wave: Row) -> bool:
        return await self._database.fetchval(
            rosters_store.q.has_more_candidates_than,
            connection,
            campaign_id=wave["campaign_id"],
            limit=self._live,
        )

    async def _compute(self, connection: Connection, wave: Row) -> w.Preview:
        await self._database.execute(rosters_store.q.join_by_hash, connection)
        failing = await rosters_store.failing_facts(self._database, connection, wave)
        roster: list[Ballot] = []
        await self._database.copy_lines(
            q.candidate_lines,
            connection,
            lambda lines: roster.extend(map(draws_rules.ballot, lines)),
            wave_id=wave["id"],
            failing=failing,
            **rosters_store.terms_of(wave),
        )
        seats = await self._database.fetch(rosters_store.q.seats, connection, wave_id=wave["id"])
        return await asyncio.to_thread(_draw, wave["strategy"], roster, [Seat(*row) for row in seats])


def _draw(strategy: str, roster: list[Ballot], seats: list[Seat]) -> w.Preview:
    picks = waves_rules.select(strategy, roster, seats, secrets.token_bytes(rosters_store.SEED_BYTES))
    return w.Preview(
        eligible=len(roster),
        selected=len(picks),
        first_choices=sum(pick.rank == 1 for pick in picks),
        markets=[w.MarketForecast(*one) for one in waves_rules.forecast(roster, seats, picks)],
        computed_at=datetime.now(UTC),
    )


def _kept(row: Row) -> w.KeptPreview:
    return w.KeptPreview(
        wave_id=row["wave_id"],
        preview=None if row["result"] is None else msgspec.convert(row["result"], w.Preview),
        job=w.Job(
            id=row["job_id"],
            step="PREVIEW",
            state=row["state"],
            progress=1.0 if row["state"] == "SUCCEEDED" else 0.0,
            created_at=row["created_at"],
            finished_at=row["finished_at"],
            failure=row["failure"],
        ),
    )
