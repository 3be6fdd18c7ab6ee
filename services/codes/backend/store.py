"""SQL of snapshots, pools and codes: typed twins of `queries.sql`.

Codes are sealed on the way in and masked on the way out.
"""

import asyncio
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from services.codes.backend import rules, wire
from services.kit.audit import audited
from services.kit.errors import NotFound
from services.kit.idempotency import once
from services.kit.ids import new_id, new_ids
from services.kit.outbox import Outbox
from services.kit.pg import Connection, Database, Queries, Row
from services.kit.sealing import LookupKey, Sealer

q = Queries(Path(__file__).with_name("queries.sql"))

_CONTEXT = "code.value"
REASON = "assignment.void_reason"
"""What reasons for voiding are sealed under."""
_COUNTERS = wire.Counts.__struct_fields__
_COLUMNS = [name for name in wire.Code.__struct_fields__ if name not in ("masked", "value", "void_reason")]


class Sealed(NamedTuple):
    """A code as it is kept: sealed, and the keyed HMAC by which it is found."""

    sealed: bytes
    lookup: bytes


class Store:
    """Campaign snapshots, pools and codes in the codes database."""

    def __init__(self, database: Database, sealer: Sealer, lookup: LookupKey, outbox: Outbox) -> None:
        self._database = database
        self._sealer = sealer
        self._lookup = lookup
        self._outbox = outbox

    async def keep_campaigns(self, campaigns: Sequence[wire.CampaignSnapshot]) -> None:
        """Keeps whose each campaign is and which events it has; versions not newer change nothing."""
        newest = {c.id: c for c in sorted(campaigns, key=lambda c: c.version)}.values()
        events = [(campaign.id, event) for campaign in newest for event in campaign.events]
        async with self._database.transaction() as connection:
            kept = await self._database.fetch(
                q.keep_campaigns,
                connection,
                ids=[c.id for c in newest],
                team_ids=[c.team_id for c in newest],
                versions=[c.version for c in newest],
                slugs=[c.slug for c in newest],
                default_locales=[c.default_locale for c in newest],
                titles=[c.titles for c in newest],
                sms_templates=[c.sms_templates for c in newest],
            )
            await self._database.execute(
                q.keep_events,
                connection,
                kept=[row["id"] for row in kept],
                event_ids=[e.id for _, e in events],
                event_campaign_ids=[campaign_id for campaign_id, _ in events],
                market_ids=[e.market_id for _, e in events],
                names=[e.name for _, e in events],
                code_modes=[e.code_mode for _, e in events],
                presale_opens_at=[e.presale_opens_at for _, e in events],
                presale_closes_at=[e.presale_closes_at for _, e in events],
                ticket_limits=[e.ticket_limit for _, e in events],
            )

    async def scopes(
        self, things: wire.ScopeQuestions, campaigns: Sequence[str] = ()
    ) -> dict[str, wire.Scope]:
        """Whose these things are, by id; waves and selections are known once they have codes."""
        rows = await self._database.fetch(
            q.scopes,
            events=things.events,
            pools=things.pools,
            waves=things.waves,
            selections=things.selections,
            campaigns=list(campaigns),
        )
        return {row["id"]: wire.Scope(row["id"], row["team_id"], row["campaign_id"]) for row in rows}

    async def make_pool(self, actor: str, new: wire.NewPool) -> wire.PoolMade:
        """The event's pool, made unless it has one. Raises NotFound, IdempotencyMismatch."""
        fresh = new_id("pool")
        async with audited(self._database, self._outbox, actor) as transaction:
            connection = transaction.connection

            async def make() -> str:
                made = await self._database.fetchval(
                    q.make_pool,
                    connection,
                    id=fresh,
                    event_id=new.event_id,
                    low_watermark=new.low_watermark,
                )
                [pool] = await self.pools([], [new.event_id], connection) or [None]
                if pool is None:
                    raise NotFound("There is no such event.")
                if made:
                    await transaction.note(
                        "createCodePool",
                        pool.id,
                        team_id=pool.team_id,
                        campaign_id=pool.campaign_id,
                        after={"event_id": pool.event_id},
                    )
                return pool.id

            pool_id, _ = await once(
                self._database,
                connection,
                actor=actor,
                operation="createCodePool",
                key=new.idempotency_key,
                payload=[new.event_id, new.low_watermark],
                returns=str,
                action=make,
            )
            pool = await self.pool(pool_id, connection)
        return wire.PoolMade(pool, replayed=pool_id != fresh)

    async def pools(
        self, ids: Sequence[str], event_ids: Sequence[str] = (), connection: Connection | None = None
    ) -> list[wire.Pool]:
        """Pools by their ids or their events', as far as they exist."""
        rows = await self._database.fetch(q.pools, connection, ids=list(ids), event_ids=list(event_ids))
        return [_pool(row) for row in rows]

    async def pool(self, id: str, connection: Connection | None = None) -> wire.Pool:
        """One pool. Raises NotFound."""
        for pool in await self.pools([id], connection=connection):
            return pool
        raise NotFound("There is no such pool.")

    async def generate(self, actor: str, pool_id: str, new: wire.NewCodes) -> wire.CodesMade:
        """Adds `new.count` fresh codes to the pool. Raises NotFound, IdempotencyMismatch."""
        codes = await asyncio.to_thread(self._generate, new.count, new.format == "GROUPED")
        async with audited(self._database, self._outbox, actor) as transaction:
            connection = transaction.connection
            pool = await self.pool(pool_id, connection)

            async def make() -> int:
                await self.lock(connection, pool_id)
                await self.add(connection, pool_id, codes)
                await transaction.note(
                    "generateCodes",
                    pool_id,
                    team_id=pool.team_id,
                    campaign_id=pool.campaign_id,
                    after={"count": new.count},
                )
                return new.count

            count, replayed = await once(
                self._database,
                connection,
                actor=actor,
                operation="generateCodes",
                key=new.idempotency_key,
                payload=[pool_id, new.count, new.format],
                returns=int,
                action=make,
            )
            pool = await self.pool(pool_id, connection)
        return wire.CodesMade(pool, count, replayed)

    def _generate(self, count: int, grouped: bool) -> list[Sealed]:
        codes = [rules.generate(secrets.token_bytes(rules.ENTROPY), grouped=grouped) for _ in range(count)]
        return self.seal(codes, [rules.key_of(code) for code in codes])

    async def lock(self, connection: Connection, pool_id: str) -> Row:
        """Keeps everybody else from adding codes to the pool, or taking some, until the transaction ends.

        Answers how many are `available`.
        """
        [row] = await self._database.fetch(q.lock_pool, connection, id=pool_id)
        return row

    async def lock_pool_of(self, connection: Connection, code_id: str) -> None:
        """As `lock`, for the pool of a code."""
        await self._database.execute(q.lock_pool_of, connection, code_id=code_id)

    async def known(self, connection: Connection, codes: Sequence[Sealed]) -> dict[bytes, str | None]:
        """The lookups of those that are in a pool already, in whichever, each with the import that brought it."""
        rows = await self._database.fetch(
            q.known_lookups, connection, lookups=[code.lookup for code in codes]
        )
        return {row["lookup"]: row["import_id"] for row in rows}

    def seal(self, codes: Sequence[str], keys: Sequence[str]) -> list[Sealed]:
        """Codes, with their keys (`rules.key_of`), as they are kept. Some 3 µs each: for a thread."""
        sealed, lookups = self._sealer.seal_all(codes, _CONTEXT), self._lookup.digests("code", keys)
        return [*map(Sealed, sealed, lookups)]

    async def add(
        self, connection: Connection, pool_id: str, codes: Sequence[Sealed], import_id: str | None = None
    ) -> None:
        """Adds codes that are in no pool to this one, which is locked.

        Raises asyncpg.UniqueViolationError when another pool got one of them meanwhile.
        """
        await self._database.execute(
            q.add_codes,
            connection,
            pool_id=pool_id,
            import_id=import_id,
            ids=new_ids("cod", len(codes)),
            sealed=[code.sealed for code in codes],
            lookups=[code.lookup for code in codes],
        )

    async def codes(
        self, wanted: wire.CodeQuestions, actor: str | None, connection: Connection | None = None
    ) -> list[wire.Code]:
        """Codes by id, selection or entry. `value` is given to the owner of a released code only, while it is good;
        `void_reason` to everybody but her.
        """
        rows = await self._database.fetch(
            q.codes,
            connection,
            ids=wanted.ids,
            selection_ids=wanted.selection_ids,
            entry_ids=wanted.entry_ids,
        )
        return [self.present(row, actor) for row in rows]

    async def reveal(self, actor: str, selection_id: str) -> wire.Revealed:
        """The selection's code in clear, once the audit log has it. Raises NotFound."""
        async with audited(self._database, self._outbox, actor) as transaction:
            connection = transaction.connection
            code_id = await self._database.fetchval(q.mark_revealed, connection, selection_id=selection_id)
            if code_id is None:
                raise NotFound("This selection has no code.")
            [row] = await self._database.fetch(
                q.codes, connection, ids=[code_id], selection_ids=[], entry_ids=[]
            )
            await transaction.note(
                "revealCode",
                code_id,
                team_id=row["team_id"],
                campaign_id=row["campaign_id"],
                after={"selection_id": selection_id},
            )
        return wire.Revealed(self.present(row, actor), self._sealer.open(row["sealed"], _CONTEXT).decode())

    def masked(self, row: Row) -> str:
        """The masked code of a row of `code_now`."""
        return rules.mask(self._sealer.open(row["sealed"], _CONTEXT).decode())

    def present(self, row: Row, actor: str | None) -> wire.Code:
        """A row of `code_now` as `actor` may see it."""
        value = self._sealer.open(row["sealed"], _CONTEXT).decode()
        hers = actor is not None and row["user_id"] == actor
        return wire.Code(
            masked=rules.mask(value),
            value=value if hers and row["released_at"] and row["state"] != "VOIDED" else None,
            void_reason=None if hers else self._sealer.open_text(row["void_reason"], REASON),
            **{name: row[name] for name in _COLUMNS},
        )


def _pool(row: Row) -> wire.Pool:
    return wire.Pool(
        id=row["id"],
        event_id=row["event_id"],
        campaign_id=row["campaign_id"],
        team_id=row["team_id"],
        low_watermark=row["low_watermark"],
        counts=wire.Counts(**{name: row[name] for name in _COUNTERS}),
    )
