"""What other services told of campaigns and users, and what follows from it: typed twins of `snapshots.sql`."""

from collections.abc import Sequence
from pathlib import Path

from services.entries.backend import wire
from services.kit import jobs
from services.kit.pg import Database, Queries

q = Queries(Path(__file__).with_name("snapshots.sql"))
_CHUNK = 1000


class SnapshotStore:
    """Snapshots of campaigns and users; versions not newer than the kept one change nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep_campaigns(self, campaigns: Sequence[wire.CampaignSnapshot]) -> None:
        """Keeps campaigns; from the commit on, submissions obey. The end of a registration is followed up by a job."""
        newest = list({c.id: c for c in sorted(campaigns, key=lambda c: c.version)}.values())
        async with self._database.transaction() as connection:
            kept = await self._database.fetch(
                q.keep_campaigns,
                connection,
                ids=[c.id for c in newest],
                versions=[c.version for c in newest],
                team_ids=[c.team_id for c in newest],
                states=[c.state for c in newest],
                opens_at=[c.opens_at for c in newest],
                closes_at=[c.closes_at for c in newest],
                phone_required=[c.phone_required for c in newest],
                identity_keys=[c.identity_key for c in newest],
                score_mins=[c.score_min for c in newest],
                score_maxs=[c.score_max for c in newest],
                documents=newest,
            )
            if any(row["over"] for row in kept):
                await jobs.defer(connection, "entries:invalidate", queue="entries")

    async def keep_users(self, users: Sequence[wire.UserSnapshot]) -> None:
        """Keeps users' facts and, in the same transaction, accepts entries that waited for a phone.

        Those that lapsed are among them where the phone had been confirmed in time and only the news of it came late.
        """
        newest = list({u.id: u for u in sorted(users, key=lambda u: u.version)}.values())
        confirmed = [u.id for u in newest if u.phone_verified]
        async with self._database.transaction() as connection:
            if confirmed:
                await self._database.execute(q.hold_awaiting, connection, user_ids=confirmed)
            await self._database.execute(
                q.keep_users,
                connection,
                ids=[u.id for u in newest],
                versions=[u.version for u in newest],
                phone_verified=[u.phone_verified for u in newest],
                countries=[u.country for u in newest],
                member_ids=[u.member_id for u in newest],
                do_not_sell=[u.do_not_sell for u in newest],
                phone_verified_at=[u.phone_verified_at for u in newest],
                accounts=[_values(u.accounts) for u in newest],
                accounts_until=[_expiries(u.accounts) for u in newest],
                cards=[_values(u.cards) for u in newest],
                cards_until=[_expiries(u.cards) for u in newest],
                tiers=[_values(u.tiers) for u in newest],
                tiers_until=[_expiries(u.tiers) for u in newest],
                known_since=[u.known_since for u in newest],
                phone_keys=[bytes.fromhex(u.phone_key) if u.phone_key else None for u in newest],
            )
            if confirmed:
                await self._database.execute(q.accept_confirmed, connection, user_ids=confirmed)
            # Last: whoever holds an entry waits for no campaign.
            await self._database.execute(q.mark_due, connection, user_ids=sorted(u.id for u in newest))

    async def invalidate_unconfirmed(self) -> int:
        """Invalidates up to a thousand entries that were unconfirmed at their deadline; answers how many."""
        return await self._database.fetchval(q.invalidate_unconfirmed, limit=_CHUNK)


def _values(proofs: Sequence[wire.Proof]) -> str:
    return ",".join(proof.value for proof in proofs)


def _expiries(proofs: Sequence[wire.Proof]) -> str:
    return ",".join(proof.expires_at.isoformat() if proof.expires_at else "infinity" for proof in proofs)
