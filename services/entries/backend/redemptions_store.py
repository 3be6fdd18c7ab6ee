"""What the Code Service told of redemptions: typed twin of `redemptions.sql`."""

from collections.abc import Sequence
from pathlib import Path

from services.entries.backend.redemptions_wire import RedemptionSnapshot
from services.kit.pg import Database, Queries

q = Queries(Path(__file__).with_name("redemptions.sql"))


class RedemptionStore:
    """Redemptions by selection; versions not newer than the kept one change nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, redemptions: Sequence[RedemptionSnapshot]) -> None:
        """Keeps the newest that is told of each selection."""
        newest = {r.selection_id: r for r in sorted(redemptions, key=lambda r: r.version)}.values()
        async with self._database.transaction() as connection:
            await self._database.execute(
                q.keep_redemptions,
                connection,
                selection_ids=[r.selection_id for r in newest],
                quantities=[r.quantity for r in newest],
                versions=[r.version for r in newest],
                outcomes=[r.outcome for r in newest],
            )
            bought = [r.selection_id for r in newest if r.quantity > 0]
            await self._database.execute(q.mark_due, connection, selection_ids=bought)
