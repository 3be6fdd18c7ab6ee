"""SQL of distributions: typed twins of `distributions.sql`. Who gets which code is decided here, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from services.codes.backend import rules, wire
from services.codes.backend.webhooks_store import Happened, WebhookStore
from services.kit import jobs
from services.kit.audit import audited
from services.kit.errors import NotFound
from services.kit.idempotency import once
from services.kit.ids import new_id
from services.kit.outbox import Outbox
from services.kit.pg import Connection, Database, Queries, Row

q = Queries(Path(__file__).with_name("distributions.sql"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a distribution goes on: with the selections of its wave behind `after`.

    `erasures` grows when a fan is erased: what was read of the wave before may name her.
    """

    wave_id: str
    after: str
    erasures: int = 0


class DistributionStore:
    """Distributions, reservations and the ledger in the codes database."""

    def __init__(self, database: Database, outbox: Outbox, webhooks: WebhookStore) -> None:
        self._database = database
        self._outbox = outbox
        self._webhooks = webhooks

    async def exists(self, wave_id: str) -> bool:
        """Whether the wave was assigned before."""
        return await self._database.fetchval(q.distribution_of_wave, wave_id=wave_id) is not None

    async def duplicates(self, *, every_wave: bool) -> dict[str, int]:
        """How many assignments too many each wave has; of those that were under way lately, or of all."""
        rows = await self._database.fetch(q.duplicates, every_wave=every_wave)
        return {row["wave_id"]: row["duplicates"] for row in rows}

    async def start(
        self, actor: str, new: wire.NewDistribution, wave: wire.Wave | None
    ) -> wire.DistributionStarted:
        """The wave's one distribution: made with a code reserved for each winner, or the one that is there.

        `wave` is what the Entry Service says of it; None when the wave was assigned before. A distribution whose
        job gave up is put back in line. Raises InsufficientCodes, with nothing written, when a pool is too small;
        NotFound; IdempotencyMismatch.
        """
        fresh = new_id("dst")
        async with audited(self._database, self._outbox, actor) as transaction:
            connection = transaction.connection

            async def make() -> str:
                if wave is not None and await self._make(connection, fresh, actor, wave):
                    return fresh
                found = await self._database.fetchval(q.distribution_of_wave, connection, wave_id=new.wave_id)
                if found is None:
                    raise NotFound("There is no such wave.")
                return found

            distribution_id, _ = await once(
                self._database,
                connection,
                actor=actor,
                operation="assignCodes",
                key=new.idempotency_key,
                payload=new.wave_id,
                returns=str,
                action=make,
            )
            resumed = await self._database.fetchval(q.resume_distribution, connection, id=distribution_id)
            [distribution] = await self.distributions([distribution_id], connection=connection)
            if distribution_id == fresh or resumed:
                await transaction.note(
                    "assignCodes",
                    distribution_id,
                    team_id=distribution.team_id,
                    campaign_id=distribution.campaign_id,
                    after={"wave_id": new.wave_id},
                )
                await jobs.defer(
                    connection,
                    "codes:distribute",
                    queue="codes",
                    lock=distribution_id,
                    distribution_id=distribution_id,
                )
        return wire.DistributionStarted(distribution, replayed=distribution_id != fresh)

    async def distributions(
        self, ids: Sequence[str], wave_ids: Sequence[str] = (), connection: Connection | None = None
    ) -> list[wire.Distribution]:
        """Distributions by their ids or their waves', as far as they exist."""
        rows = await self._database.fetch(q.distributions, connection, ids=list(ids), wave_ids=list(wave_ids))
        return [_distribution(row) for row in rows]

    async def place(self, id: str) -> Place | None:
        """Where the distribution goes on; None when it is finished."""
        row = await self._database.fetchrow(q.next_page, id=id)
        return None if row is None else Place(**row)

    async def pair(self, id: str, place: Place, selections: Sequence[wire.Selection]) -> bool:
        """Gives each of the selections that follow `place` a reserved code of its event, all or nothing.

        False, and nothing is written, when another worker has gone on from `place` meanwhile, or somebody was erased.
        """
        async with self._database.transaction() as connection:
            row = await self._database.fetchrow(q.lock_distribution, connection, id=id)
            if row is None or Place(**row) != place:
                return False
            await self._database.execute(
                q.pair,
                connection,
                distribution_id=id,
                wave_id=place.wave_id,
                after=max(selection.id for selection in selections),
                ids=[selection.id for selection in selections],
                entry_ids=[selection.entry_id for selection in selections],
                user_ids=[selection.user_id for selection in selections],
                event_ids=[selection.event_id for selection in selections],
            )
            await self._announce(connection, id, place.wave_id, selections)
        return True

    async def finish(self, id: str) -> None:
        """Releases the codes to their owners."""
        await self._database.execute(q.finish_distribution, id=id)

    async def fail(self, id: str, failure: str) -> None:
        """Ends a distribution whose job gave up, with a reason for people; nothing is released."""
        await self._database.execute(q.fail_distribution, id=id, failure=failure)

    async def _announce(
        self, connection: Connection, id: str, wave_id: str, selections: Sequence[wire.Selection]
    ) -> None:
        """Tells partners who got a code, if any wants to know."""
        team_id = await self._database.fetchval(q.team_of_distribution, connection, id=id)
        if (team_id, "code.assigned") not in await self._webhooks.wanted(connection, [team_id]):
            return
        rows = await self._database.fetch(
            q.paired, connection, selection_ids=[each.id for each in selections], wave_id=wave_id
        )
        happened = [
            Happened(
                "code.assigned",
                row["team_id"],
                row["campaign_id"],
                {
                    "codeId": row["code_id"],
                    "selectionId": row["selection_id"],
                    "eventId": row["event_id"],
                    "waveId": wave_id,
                },
            )
            for row in rows
        ]
        await self._webhooks.announce(connection, happened)

    async def _make(self, connection: Connection, id: str, actor: str, wave: wire.Wave) -> bool:
        """Makes the distribution and reserves its codes; False when the wave has one."""
        made = await self._database.fetchval(
            q.start_distribution,
            connection,
            id=id,
            wave_id=wave.id,
            campaign_id=wave.campaign_id,
            created_by=actor,
        )
        if made is None:
            return False
        wanted = {s.event_id: s.count for s in wave.selected if s.count > 0}
        pools = await self._database.fetch(q.lock_pools, connection, event_ids=list(wanted))
        available = {pool["event_id"]: pool["available"] for pool in pools}
        missing = {event: count - available.get(event, 0) for event, count in sorted(wanted.items())}
        if short := {event: count for event, count in missing.items() if count > 0}:
            raise rules.InsufficientCodes(short)
        await self._database.execute(
            q.reserve,
            connection,
            distribution_id=id,
            event_ids=list(wanted),
            quantities=list(wanted.values()),
        )
        return True


def _distribution(row: Row) -> wire.Distribution:
    assigned, quantity = row["assigned"], row["quantity"]
    succeeded = row["state"] == "SUCCEEDED"
    return wire.Distribution(
        id=row["id"],
        wave_id=row["wave_id"],
        campaign_id=row["campaign_id"],
        team_id=row["team_id"],
        state=row["state"],
        progress=1.0 if succeeded else assigned / quantity if quantity else 0.0,
        assigned=assigned,
        delivered=row["delivered"],
        shortfalls=msgspec.convert(row["shortfalls"], list[wire.Shortfall]),
        failure=row["failure"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
    )
