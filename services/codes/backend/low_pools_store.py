"""Pools that run low: noticed by the worker, told once. Typed twin of `low_pools.sql`."""

from pathlib import Path

from services.codes.backend.webhooks_store import Happened, WebhookStore
from services.kit.pg import Database, Queries
from services.kit.telemetry import log

q = Queries(Path(__file__).with_name("low_pools.sql"))
_AT_ONCE = 100


class LowPoolStore:
    """Whatever takes codes out of a pool or brings some, the counters tell: nothing that counts has to look."""

    def __init__(self, database: Database, webhooks: WebhookStore) -> None:
        self._database = database
        self._webhooks = webhooks

    async def tell(self) -> int:
        """Logs each pool that has begun to run low and tells the team's webhooks; answers how many pools turned."""
        async with self._database.transaction() as connection:
            turned = await self._database.fetch(q.note_low, connection, limit=_AT_ONCE)
            low = [row for row in turned if row["low"]]
            await self._webhooks.announce(
                connection,
                [
                    Happened(
                        "pool.low",
                        row["team_id"],
                        row["campaign_id"],
                        {
                            "poolId": row["id"],
                            "eventId": row["event_id"],
                            "available": row["available"],
                            "lowWatermark": row["low_watermark"],
                        },
                    )
                    for row in low
                ],
            )
        for row in low:
            log.warning(
                "pool.low",
                pool_id=row["id"],
                campaign_id=row["campaign_id"],
                available=row["available"],
                low_watermark=row["low_watermark"],
            )
        return len(turned)
