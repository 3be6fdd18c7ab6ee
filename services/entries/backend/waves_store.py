"""SQL about waves: typed twins of `waves.sql`.

Freezing a roster is in `rosters_store.py`, drawing in `selections_store.py`.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from services.entries.backend import waves_rules, wire
from services.entries.backend import waves_wire as w
from services.entries.backend.proofs_store import ProofStore, draw_of
from services.entries.backend.waves_rules import Seat
from services.kit import idempotency, jobs
from services.kit.audit import Audited, audited
from services.kit.errors import IllegalTransition, Invalid, Issue, NotFound
from services.kit.ids import new_id
from services.kit.outbox import Outbox
from services.kit.pg import Connection, Database, Queries, Query, Row

q = Queries(Path(__file__).with_name("waves.sql"))


class WaveStore:
    """Waves and their steps: each is one guarded statement, audited in its transaction."""

    def __init__(self, database: Database, outbox: Outbox, proofs: ProofStore) -> None:
        self._database = database
        self._outbox = outbox
        self._proofs = proofs

    async def waves(self, ids: Sequence[str]) -> list[w.Wave]:
        """The waves of these ids, as far as they exist."""
        return [self._wave(row) for row in await self._database.fetch(q.waves_by_id, ids=list(ids))]

    async def waves_of_campaigns(self, campaign_ids: Sequence[str]) -> list[w.Wave]:
        """All waves of these campaigns, oldest first."""
        return [
            self._wave(row)
            for row in await self._database.fetch(q.waves_of_campaigns, ids=list(campaign_ids))
        ]

    async def wave(self, wave_id: str) -> w.Wave:
        """One wave. Raises NotFound."""
        return self._wave(await self._row(wave_id))

    async def for_codes(self, wave_id: str) -> w.WaveForCodes:
        """What the Code Service needs to know of a wave. Raises NotFound."""
        row = await self._row(wave_id)
        counts = [
            w.EventCount(one["event_id"], one["winners"]) for one in row["capacities"] if one["winners"]
        ]
        return w.WaveForCodes(row["id"], row["campaign_id"], row["state"], row["name"], counts)

    async def create(self, actor: str, new: w.NewWave) -> w.WaveAnswer:
        """Drafts a wave. Raises NotFound, Invalid, IdempotencyMismatch."""
        async with audited(self._database, self._outbox, actor) as transaction:
            wave_id, replayed = await idempotency.once(
                self._database,
                transaction.connection,
                actor=actor,
                operation="createWave",
                key=new.idempotency_key,
                payload=msgspec.structs.replace(new, idempotency_key=None),
                returns=str,
                action=lambda: self._create(transaction, new),
            )
        return w.WaveAnswer(await self.wave(wave_id), replayed)

    async def run(self, actor: str, asked: w.RunWave) -> w.WaveAnswer:
        """Hands a committed wave to the worker, once; a run that was given up starts again.

        Raises NotFound, Invalid, IllegalTransition, CampaignStillOpen, RosterNotFrozen, IdempotencyMismatch.
        """
        async with audited(self._database, self._outbox, actor) as transaction:
            started, replayed = await idempotency.once(
                self._database,
                transaction.connection,
                actor=actor,
                operation="runSelection",
                key=asked.idempotency_key,
                payload=msgspec.structs.replace(asked, idempotency_key=None),
                returns=bool,
                action=lambda: self._start(transaction, asked),
            )
        return w.WaveAnswer(await self.wave(asked.wave_id), replayed or not started)

    async def finalize(self, actor: str, wave_id: str) -> w.WaveAnswer:
        """Makes a run's outcome final: from now on fans see it and codes may be assigned.

        A wave that is final already stays as it is. Raises NotFound, IllegalTransition, SelectionNotFinished.
        """
        return await self._step(q.finalize_wave, actor, wave_id, "finalizeWave", "FINALIZED")

    async def cancel(self, actor: str, wave_id: str) -> w.WaveAnswer:
        """Calls a wave off that is not final; one that is off already stays so. Raises NotFound, IllegalTransition."""
        return await self._step(q.cancel_wave, actor, wave_id, "cancelWave", "CANCELLED")

    async def _create(self, transaction: Audited, new: w.NewWave) -> str:
        campaign = await self._database.fetchrow(
            q.campaign_for_wave, transaction.connection, campaign_id=new.campaign_id
        )
        if campaign is None:
            raise NotFound("There is no such campaign.")
        seats = _planned(new, campaign)
        unbounded = new.score_min is None and new.score_max is None
        wave_id = new_id("wav")
        await self._database.execute(
            q.insert_wave,
            transaction.connection,
            id=wave_id,
            campaign_id=new.campaign_id,
            name=new.name.strip(),
            strategy=new.strategy,
            reassignment=new.reassignment,
            score_min=campaign["score_min"] if unbounded else new.score_min,
            score_max=campaign["score_max"] if unbounded else new.score_max,
        )
        await self._database.execute(
            q.insert_capacities,
            transaction.connection,
            wave_id=wave_id,
            event_ids=[seat.event_id for seat in seats],
            market_ids=[seat.market_id for seat in seats],
            capacities=[seat.capacity for seat in seats],
            ticket_limits=[seat.ticket_limit for seat in seats],
        )
        await transaction.note(
            "createWave", wave_id, team_id=campaign["team_id"], campaign_id=new.campaign_id, after=new
        )
        return wave_id

    async def _start(self, transaction: Audited, asked: w.RunWave) -> bool:
        """Whether this call set the run off; an earlier one may have."""
        connection, wave_id = transaction.connection, asked.wave_id
        row = await self._database.fetchrow(
            q.start_run, connection, id=wave_id, job_id=new_id("job"), beacon_value=asked.beacon_value
        )
        row = row or await self._database.fetchrow(q.restart_run, connection, id=wave_id)
        if row is not None:
            await jobs.defer(connection, "entries:select", queue="entries", lock=wave_id, wave_id=wave_id)
            await transaction.note("runSelection", wave_id, **row, after=asked)
            return True
        found = await self._situation(wave_id, connection)
        if found["state"] in ("RUNNING", "FINALIZED"):
            return False
        if found["state"] == "COMMITTED":
            raise _run_refusal(found, asked.beacon_value)
        raise IllegalTransition(found["state"], "RUNNING")

    async def _step(self, query: Query, actor: str, wave_id: str, action: str, target: str) -> w.WaveAnswer:
        async with audited(self._database, self._outbox, actor) as transaction:
            row = await self._database.fetchrow(query, transaction.connection, id=wave_id)
            if row is not None:
                await transaction.note(action, wave_id, **row, after={"state": target})
        if row is None:
            found = await self._situation(wave_id)
            if target == "FINALIZED" and found["state"] == "RUNNING":
                raise waves_rules.SelectionNotFinished(
                    "The selection has no outcome yet. Wait until its job has succeeded, then finalize the wave."
                )
            if found["state"] != target:
                raise IllegalTransition(found["state"], target)
        return w.WaveAnswer(await self.wave(wave_id), replayed=row is None)

    async def _situation(self, wave_id: str, connection: Connection | None = None) -> Row:
        row = await self._database.fetchrow(q.wave_and_campaign_state, connection, id=wave_id)
        if row is None:
            raise NotFound("There is no such wave.")
        return row

    def _wave(self, row: Row) -> w.Wave:
        return w.Wave(
            id=row["id"],
            campaign_id=row["campaign_id"],
            team_id=row["team_id"],
            name=row["name"],
            state=row["state"],
            strategy=row["strategy"],
            reassignment=row["reassignment"],
            score_min=row["score_min"],
            score_max=row["score_max"],
            capacities=msgspec.convert(row["capacities"], list[w.Capacity]),
            draw=None if row["roster_root"] is None else draw_of(row),
            summary=_summary(row),
            job=_job(row),
            file_url=row["proof_file"] and self._proofs.link(row["id"]),
            created_at=row["created_at"],
            committed_at=row["committed_at"],
            finalized_at=row["finalized_at"],
        )

    async def _row(self, wave_id: str) -> Row:
        rows = await self._database.fetch(q.waves_by_id, ids=[wave_id])
        if not rows:
            raise NotFound("There is no such wave.")
        return rows[0]


def _run_refusal(found: Row, beacon_value: str | None) -> Exception:
    """Why a committed wave cannot be drawn."""
    if found["campaign_state"] not in waves_rules.CLOSED:
        return waves_rules.campaign_refusal(found["campaign_state"])
    if not found["frozen"]:
        return waves_rules.RosterNotFrozen(
            "The roster is still being frozen. Wait until the wave's job has succeeded, then run the selection."
        )
    message = (
        f"The value of {found['beacon_source']}, {found['beacon_round']}, was announced to be mixed in: give it."
        if beacon_value is None
        else "No beacon was announced when the wave was committed: leave beaconValue out."
    )
    return Invalid([Issue(["beaconValue"], "BEACON", message)])


def _planned(new: w.NewWave, campaign: Row) -> list[Seat]:
    """What each event gives. Raises Invalid."""
    document = msgspec.convert(campaign["document"], wire.CampaignSnapshot)
    events = [Seat(e.id, e.market_id, e.allocation, e.ticket_limit) for e in document.events]
    asked = None if new.capacities is None else {one.event_id: one.capacity for one in new.capacities}
    seats, issues = waves_rules.plan_capacities(events, campaign["given"], asked)
    issues += waves_rules.wave_issues(new.name, new.score_min, new.score_max, waves=campaign["waves"])
    issues += waves_rules.repeated_events([one.event_id for one in new.capacities or ()])
    if issues:
        raise Invalid(issues)
    return seats


def _summary(row: Row) -> w.Summary | None:
    return (
        None if row["selected"] is None else w.Summary(row["eligible"], row["selected"], row["first_choices"])
    )


def _job(row: Row) -> w.Job | None:
    if row["job_id"] is None:
        return None
    return w.Job(
        id=row["job_id"],
        step=row["job_step"],
        state=row["job_state"],
        progress=row["job_progress"],
        created_at=row["job_created_at"],
        finished_at=row["job_finished_at"],
        failure=row["job_failure"],
    )
