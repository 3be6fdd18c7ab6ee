"""Who takes part in a wave: looked at for a preview, or frozen and published. Typed twins of `rosters.sql`."""

import asyncio
import hashlib
import secrets
import sys
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from services.entries.backend import draws_rules, rules, waves_rules, wire
from services.entries.backend import waves_wire as w
from services.entries.backend.waves_rules import Ballot, Seat
from services.entries.backend.waves_store import CLOSED, campaign_refusal
from services.kit.audit import Audited, audited
from services.kit.errors import IllegalTransition, Invalid, Issue, NotFound
from services.kit.outbox import Outbox
from services.kit.pg import Connection, Database, Queries, Row
from services.kit.sealing import Sealer

q = Queries(Path(__file__).with_name("rosters.sql"))
SEED = "wave.seed"
SEED_BYTES = 32
_HASH_BYTES = 32
_PATIENCE_SECONDS = 60


class RosterStore:
    """Rosters. A statement may take longer here than on the paths of fans."""

    def __init__(self, database: Database, sealer: Sealer, outbox: Outbox) -> None:
        self._database = database.patient(_PATIENCE_SECONDS)
        self._sealer = sealer
        self._outbox = outbox

    async def preview(self, wave_id: str) -> w.Preview:
        """Draws a wave with a seed that is thrown away, among those who would be on its roster now. Writes nothing.

        Raises NotFound.
        """
        roster: list[Ballot] = []
        async with self._database.transaction("repeatable_read") as connection:
            wave = await self._database.fetchrow(q.wave_with_terms, connection, id=wave_id)
            if wave is None:
                raise NotFound("There is no such wave.")
            gate = _gate(wave)
            await self._database.execute(q.join_by_hash, connection)
            async for rows in self._database.stream(q.candidates, connection, **_terms(wave)):
                roster += [ballot_of(row) for row in rows if not rules.unmet(gate, facts_of(row))]
            seats = [Seat(*row) for row in await self._database.fetch(q.seats, connection, wave_id=wave_id)]
        seed = secrets.token_bytes(SEED_BYTES)
        picks = await asyncio.to_thread(waves_rules.select, wave["strategy"], roster, seats, seed)
        return w.Preview(
            eligible=len(roster),
            selected=len(picks),
            first_choices=sum(pick.rank == 1 for pick in picks),
            markets=[w.MarketForecast(*one) for one in waves_rules.forecast(roster, seats, picks)],
        )

    async def commit(self, actor: str, wave_id: str) -> bool:
        """Freezes the roster and publishes its root and the seed's commitment, all or nothing; whether this call did.

        A wave that is committed already stays as it is. Raises NotFound, Invalid, IllegalTransition, CampaignStillOpen,
        SelectionInProgress.
        """
        try:
            async with audited(self._database, self._outbox, actor) as transaction:
                return await self._commit(transaction, wave_id)
        except asyncpg.UniqueViolationError:
            raise waves_rules.SelectionInProgress(
                "Another wave of this campaign is committed or running. Finalize or cancel it first."
            ) from None

    async def _commit(self, transaction: Audited, wave_id: str) -> bool:
        connection = transaction.connection
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
        )
        if not committed:
            if wave["state"] == "COMMITTED":
                return False
            if wave["state"] == "DRAFT" and wave["campaign_state"] not in CLOSED:
                raise campaign_refusal(wave["campaign_state"])
            raise IllegalTransition(wave["state"], "COMMITTED")
        await self._refuse_overbooking(connection, wave_id)
        await self._database.execute(q.join_by_hash, connection)
        await self._database.execute(q.freeze_roster, connection, id=wave_id, **_terms(wave))
        if gate := _gate(wave):
            await self._strike(connection, wave_id, wave["campaign_id"], gate)
        await self._publish_root(connection, wave_id)
        await transaction.note(
            "commitWave",
            wave_id,
            team_id=wave["team_id"],
            campaign_id=wave["campaign_id"],
            after={"state": "COMMITTED", "seed_commitment": commitment.hex()},
        )
        return True

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

    async def _strike(self, connection: Connection, wave_id: str, campaign_id: str, gate: wire.Gate) -> None:
        """Gates are checked at entry and again now: what a fan proved then may have been taken back."""
        failing: list[str] = []
        async for rows in self._database.stream(
            q.roster_facts, connection, id=wave_id, campaign_id=campaign_id
        ):
            failing += [row["entry_id"] for row in rows if rules.unmet(gate, facts_of(row))]
        await self._database.execute(q.strike_from_roster, connection, id=wave_id, entry_ids=failing)

    async def _publish_root(self, connection: Connection, wave_id: str) -> None:
        [row] = await self._database.fetch(q.roster_leaves, connection, id=wave_id)
        together: bytes = row["leaves"] or b""
        leaves = [together[at : at + _HASH_BYTES] for at in range(0, len(together), _HASH_BYTES)]
        root = await asyncio.to_thread(draws_rules.merkle_root, leaves)
        await self._database.execute(
            q.publish_root, connection, id=wave_id, roster_root=root, eligible=row["size"]
        )


def ballot_of(row: Row) -> Ballot:
    """A ballot from a row of candidates or of a roster; a candidate has no salt yet.

    A million ballots name few markets: each name is kept once.
    """
    return Ballot(
        row["entry_id"],
        tuple(map(sys.intern, row["preferences"])),
        row["quantity"],
        row["score"],
        row["submitted"],
        row["barred"],
        row["salt"],
    )


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


def _terms(wave: Row) -> dict[str, Any]:
    """Which of a campaign's entries a wave draws among."""
    return {name: wave[name] for name in ("campaign_id", "reassignment", "score_min", "score_max")}


def _gate(wave: Row) -> wire.Gate | None:
    return msgspec.convert(wave["gate"], wire.Gate | None)
