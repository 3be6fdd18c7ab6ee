"""Scores of entries: computed by the worker, kept, read. Typed twins of `scores.sql`."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from disposable_email_domains import blocklist

from services.entries.backend import scores_rules as rules
from services.entries.backend import scores_wire as s
from services.entries.backend.reviews_store import hold_low
from services.kit.pg import Connection, Database, Queries, Row

q = Queries(Path(__file__).with_name("scores.sql"))
_CHUNK = 500
Crowds = dict[tuple[str, bytes, datetime], int]
_FORGOTTEN_AT_ONCE = 10_000


class ScoreStore:
    """Scores. None is computed while a fan waits: registering marks her entry as due, new facts mark it again."""

    def __init__(self, database: Database, *, signal_days: int) -> None:
        self._database = database
        self._signal_days = signal_days

    async def compute(self) -> int:
        """Computes up to 500 scores that are due; answers how many. Killed anywhere and run again, it goes on."""
        async with self._database.transaction() as connection:
            taken = await self._database.fetch(q.take_due, connection, limit=_CHUNK)
            if not taken:
                return 0
            scores = await self._judge(connection, [row["id"] for row in taken])
            await self._database.execute(
                q.keep_scores,
                connection,
                ids=list(scores),
                values=[score and score.value for score in scores.values()],
                reasons=[",".join(score.reasons) if score else None for score in scores.values()],
            )
            await hold_low(self._database, connection, list(scores))
        await self._mark_alike(scores)
        return len(taken)

    async def scores(self, ids: Sequence[str]) -> list[s.Score]:
        """The scores that count for these entries; those that have none yet are left out."""
        return [s.Score(**row) for row in await self._database.fetch(q.scores, ids=list(ids))]

    async def forget_signals(self) -> int:
        """Forgets up to ten thousand entries' networks and browsers that are past their time; answers how many."""
        return await self._database.fetchval(
            q.forget_signals, days=self._signal_days, limit=_FORGOTTEN_AT_ONCE
        )

    async def _judge(self, connection: Connection, ids: Sequence[str]) -> dict[str, rules.Score | None]:
        rows = await self._database.fetch(q.signals, connection, ids=list(ids))
        crowds = await self._crowds(connection, rows)
        return {
            row["id"]: None if row["state"] == "ERASED" else rules.score(_signals(row, crowds))
            for row in rows
        }

    async def _crowds(self, connection: Connection, rows: Sequence[Row]) -> Crowds:
        """How many registrations came from where these did, by kind, key and hour."""
        networks = sorted({(row["network"], row["hour"]) for row in rows if row["hour"]})
        devices = sorted({(row["device"], row["hour"]) for row in rows if row["hour"]})
        counted = await self._database.fetch(
            q.crowds,
            connection,
            networks=[network for network, _ in networks],
            network_hours=[hour for _, hour in networks],
            devices=[device for device, _ in devices],
            device_hours=[hour for _, hour in devices],
            network_busy=rules.NETWORK_BUSY,
            device_busy=rules.DEVICE_BUSY,
        )
        return {(row["kind"], row["key"], row["hour"]): row["count"] for row in counted}

    async def _mark_alike(self, scores: dict[str, rules.Score | None]) -> None:
        """Those who came before, when nothing was wrong yet, are scored anew."""
        sharing = {
            reason: [id_ for id_, score in scores.items() if score and reason in score.reasons]
            for reason in (*rules.VELOCITY, "PHONE_SHARED")
        }
        if any(sharing.values()):
            first = max(rules.NETWORK_BUSY, rules.DEVICE_BUSY) + _CHUNK
            by_reason = {reason.lower(): ids for reason, ids in sharing.items()}
            await self._database.execute(q.mark_alike, first=first, **by_reason)


def disposable_domains() -> frozenset[str]:
    """Domains that hand out mailboxes to throw away, as the community around the package of that name lists them."""
    return frozenset(blocklist)


def _signals(row: Row, crowds: Crowds) -> rules.Signals:
    return rules.Signals(
        account_days=row["account_days"],
        phone_confirmed=row["phone_confirmed"],
        phone_shared=row["phone_shared"],
        redeemed_before=row["redeemed_before"],
        disposable_email=row["disposable_email"],
        from_network=crowds.get(("network", row["network"], row["hour"])),
        from_device=crowds.get(("device", row["device"], row["hour"])),
        before=row["before"] or (),
    )
