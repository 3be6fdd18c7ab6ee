"""Who takes part in a wave: committed, frozen and published. Typed twins of `rosters.sql`."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from services.entries.backend import draws_rules, rules, waves_rules, wire
from services.entries.backend import waves_wire as w
from services.entries.backend.waves_rules import Seat
from services.kit import jobs
from services.kit.audit import Audited, audited
from services.kit.errors import IllegalTransition, Invalid, Issue, NotFound
from services.kit.ids import new_id
from services.kit.outbox import Outbox
from services.kit.pg import Connection, Database, Queries, Row
from services.kit.sealing import Sealer

q = Queries(Path(__file__).with_name("rosters.sql"))
SEED = "wave.seed"
SEED_BYTES = 32
_PATIENCE_SECONDS = 120


class Superseded(Exception):
    """The wave was called off, or another worker did the work: what this attempt wrote is rolled back."""


class RosterStore:
    """Rosters. A statement may take longer here than on the paths of fans.

    Up to `live` accepted entries a roster is frozen while the caller waits; beyond that the worker does it.
    """

    def __init__(self, database: Database, sealer: Sealer, outbox: Outbox, *, live: int) -> None:
        self._database = database.patient(_PATIENCE_SECONDS)
        self._sealer = sealer
        self._outbox = outbox
        self._live = live

    async def commit(self, actor: str, asked: w.CommitWave) -> bool:
        """Commits to a seed and freezes the roster, or has it frozen; whether this call committed.

        A wave that is committed already stays as it is; where the worker gave its roster up, it is asked for again.
        Raises NotFound, Invalid, IllegalTransition, CampaignStillOpen, SelectionInProgress, EntriesNotScored.
        """
        try:
            async with audited(self._database, self._outbox, actor) as transaction:
                return await self._commit(transaction, asked)
        except asyncpg.UniqueViolationError:
            raise waves_rules.SelectionInProgress(
                "Another wave of this campaign is committed or running. Finalize or cancel it first."
            ) from None

    async def freeze(self, wave_id: str) -> None:
        """Freezes and publishes the roster of a committed wave. The job's task: killed anywhere and run again, it
        equals having been run once.
        """
        if not await self._database.fetchval(q.begin_roster, id=wave_id):
            return
        try:
            async with self._database.transaction() as connection:
                wave = await self._database.fetchrow(q.lock_campaign, connection, id=wave_id)
                if wave is not None and wave["state"] == "COMMITTED" and not wave["frozen"]:
                    await self._freeze(connection, wave)
        except Superseded:
            return

    async def give_up(self, wave_id: str) -> None:
        """Gives a roster up that could not be frozen again and again."""
        failure = (
            "The roster could not be frozen. Commit again; if that fails too, tell support the wave's id."
        )
        await self._database.execute(q.fail_roster, id=wave_id, failure=failure)

    async def _commit(self, transaction: Audited, asked: w.CommitWave) -> bool:
        connection, wave_id = transaction.connection, asked.wave_id
        wave = await self._database.fetchrow(q.lock_campaign, connection, id=wave_id)
        if wave is None:
            raise NotFound("There is no such wave.")
        seed = secrets.token_bytes(SEED_BYTES)
        commitment = hashlib.sha256(seed).digest()
        committed = await self._database.fetchval(
            q.commit_wave,
            connection,
            id=wave_id,
            seed_sealed=self._sealer.seal(seed, SEED),
            seed_commitment=commitment,
            beacon_source=asked.beacon and asked.beacon.source,
            beacon_round=asked.beacon and asked.beacon.round,
        )
        if not committed:
            await self._explain(connection, wave)
            return False
        await self._refuse_unscored(connection, wave)
        await self._refuse_overbooking(connection, wave_id)
        if await self._is_large(connection, wave["campaign_id"]):
            await self._queue(connection, wave_id)
        else:
            await self._freeze(connection, wave)
        await transaction.note(
            "commitWave",
            wave_id,
            team_id=wave["team_id"],
            campaign_id=wave["campaign_id"],
            after={"asked": asked, "state": "COMMITTED", "seed_commitment": commitment.hex()},
        )
        return True

    async def _explain(self, connection: Connection, wave: Row) -> None:
        """Raises why the wave cannot be committed, unless it is committed already."""
        if wave["state"] == "DRAFT" and wave["campaign_state"] not in waves_rules.CLOSED:
            raise waves_rules.campaign_refusal(wave["campaign_state"])
        if wave["state"] != "COMMITTED":
            raise IllegalTransition(wave["state"], "COMMITTED")
        if wave["job_state"] == "FAILED":
            await self._queue(connection, wave["id"])

    async def _queue(self, connection: Connection, wave_id: str) -> None:
        if await self._database.fetchval(q.queue_roster, connection, id=wave_id, job_id=new_id("job")):
            await jobs.defer(connection, "entries:freeze", queue="entries", lock=wave_id, wave_id=wave_id)

    async def _is_large(self, connection: Connection, campaign_id: str) -> bool:
        return await self._database.fetchval(
            q.has_more_candidates_than, connection, campaign_id=campaign_id, limit=self._live
        )

    async def _refuse_unscored(self, connection: Connection, wave: Row) -> None:
        """Nobody registers any more, so this ends as soon as the worker has come to the last of them."""
        ranged = wave["score_min"] is not None or wave["score_max"] is not None
        by_score = ranged or wave["strategy"] in draws_rules.USING_SCORES
        if await self._database.fetchval(
            q.awaits_scores, connection, campaign_id=wave["campaign_id"], by_score=by_score
        ):
            raise waves_rules.EntriesNotScored(
                "Entries that may take part are still being scored. Commit the wave in a minute."
            )

    async def _refuse_overbooking(self, connection: Connection, wave_id: str) -> None:
        rows = await self._database.fetch(q.overbooked_events, connection, id=wave_id)
        if rows:
            raise Invalid(
                [
                    Issue(
                        ["capacities"],
                        "OUT_OF_RANGE",
                        f"{row['event_id']} has {max(0, row['left'])} tickets left to give, the wave wants "
                        f"{row['capacity']}. Cancel it and create one that fits.",
                    )
                    for row in rows
                ]
            )

    async def _freeze(self, connection: Connection, wave: Row) -> None:
        await self._database.execute(q.join_by_hash, connection)
        await self._database.execute(q.sort_in_memory, connection)
        await self._database.execute(
            q.freeze_roster,
            connection,
            id=wave["id"],
            failing=await failing_facts(self._database, connection, wave),
            scored=wave["strategy"] in draws_rules.USING_SCORES,
            **terms_of(wave),
        )
        leaves: bytes = await self._database.fetchval(q.roster_leaves, connection, id=wave["id"]) or b""
        levels = await asyncio.to_thread(draws_rules.merkle_levels, leaves)
        await self._database.execute(q.keep_tree, connection, id=wave["id"], levels=levels)
        published = await self._database.fetchval(
            q.publish_root,
            connection,
            id=wave["id"],
            roster_root=levels[-1],
            eligible=len(leaves) // draws_rules.HASH_BYTES,
        )
        if not published:
            raise Superseded


async def failing_facts(database: Database, connection: Connection, wave: Row) -> list[str]:
    """The facts with which a candidate lacks something that the wave's campaign asks, by `gate_key`.

    That is checked at entry and again now: what a fan proved then may have been taken back.
    """
    gate = msgspec.convert(wave["gate"], wire.Gate | None)
    countries: list[str] = wave["countries"]
    if gate is None:  # as a rule everybody lives where she may: then no fan is looked at one by one
        homes = await database.fetch(q.countries_to_judge, connection, **terms_of(wave))
        if not any(rules.requirements(None, countries, rules.Facts(country=row["country"])) for row in homes):
            return []
    rows = await database.fetch(q.facts_to_judge, connection, **terms_of(wave))
    return [row["key"] for row in rows if rules.requirements(gate, countries, facts_of(row))]


async def read_roster(
    database: Database, connection: Connection, wave_id: str, take: Callable[[list[bytes]], None]
) -> Sequence[Seat]:
    """Hands the lines of a frozen roster to `take`, in order, and answers the wave's seats."""
    await database.execute(q.sort_in_memory, connection)
    await database.copy_lines(q.roster_lines, connection, take, wave_id=wave_id)
    return [Seat(*row) for row in await database.fetch(q.seats, connection, wave_id=wave_id)]


def facts_of(row: Row) -> rules.Facts:
    """What the gate asks, as it is now: by the entry (what the token vouched for) and by the User Service."""
    return rules.Facts(
        phone_verified=bool(row["phone_verified"]),
        country=row["country"] or row["known_country"],
        is_member=row["is_member"] or bool(row["member_id"]),
        accounts=frozenset(row["accounts"] or ()),
        cards=frozenset(row["cards"] or ()),
        tiers=frozenset(row["tiers"] or ()),
    )


def terms_of(wave: Row) -> dict[str, Any]:
    """Which of a campaign's entries a wave draws among."""
    return {name: wave[name] for name in ("campaign_id", "reassignment", "score_min", "score_max")}
