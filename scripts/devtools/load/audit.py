"""Afterwards: what the entries database holds of what the fans were told."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

_CHECK = """
SELECT
    (SELECT count(*) FROM entry WHERE campaign_id = $1) AS rows,
    (SELECT count(*) FROM unnest($2::text[]) AS a (id)
     WHERE NOT EXISTS (SELECT 1 FROM entry e WHERE e.campaign_id = $1 AND e.id = a.id)) AS lost,
    (SELECT count(*) FROM (SELECT 1 FROM entry WHERE campaign_id = $1 GROUP BY id HAVING count(*) > 1) AS twice)
    + (SELECT count(*) FROM (SELECT 1 FROM entry WHERE campaign_id = $1 GROUP BY identity HAVING count(*) > 1) AS twice)
    + (SELECT count(*) FROM (SELECT 1 FROM entry WHERE campaign_id = $1 GROUP BY user_id HAVING count(*) > 1) AS twice)
    AS duplicates
"""


@dataclass(frozen=True)
class Audit:
    """`lost`: acknowledged, not in the database. `duplicates`: ids, identities or fans that are there more than once,
    and ids that two fans were told. `unacknowledged`: in the database although the fan was not told so.
    """

    acknowledged: int
    rows: int
    lost: int
    duplicates: int

    @property
    def unacknowledged(self) -> int:
        """Entries whose answer did not arrive."""
        return self.rows - self.acknowledged + self.lost

    @property
    def good(self) -> bool:
        """Nothing lost, nothing twice."""
        return self.lost == 0 and self.duplicates == 0


async def audit(entries_dsn: str, campaign_id: str, acknowledged: Sequence[str]) -> Audit:
    """Compare the acknowledged entry ids of a campaign with its rows in the entries database."""
    connection = await asyncpg.connect(entries_dsn, timeout=10)
    try:
        row = await connection.fetchrow(_CHECK, campaign_id, list(acknowledged), timeout=60)
    finally:
        await connection.close()
    assert row is not None
    told_twice = len(acknowledged) - len(set(acknowledged))
    return Audit(len(acknowledged), row["rows"], row["lost"], row["duplicates"] + told_twice)
