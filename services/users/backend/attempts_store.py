"""How often a user may try something in an hour: one row each, counted and judged by one statement."""

from pathlib import Path

from services.kit.errors import AccountErased, RateLimited
from services.kit.pg import Database, Queries

q = Queries(Path(__file__).with_name("proofs.sql"))


class AttemptsStore:
    """Counters of attempts; `cap` of each kind an hour."""

    def __init__(self, database: Database, cap: int) -> None:
        self._database = database
        self._cap = cap

    async def take(self, user_id: str, kind: str) -> None:
        """Counts an attempt. Raises RateLimited, AccountErased."""
        if await self._database.fetchval(q.take_attempt, user_id=user_id, kind=kind, cap=self._cap):
            return
        wait = await self._database.fetchval(q.attempt_wait, user_id=user_id, kind=kind)
        if wait is None:
            raise AccountErased
        raise RateLimited(wait, f"You tried this too often. Try again in {wait} seconds.")

    async def forget(self) -> int:
        """Removes counters that count no more."""
        await self._database.execute(q.forget_attempts)
        return 0
