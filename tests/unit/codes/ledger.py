"""What the ledger really says, beside what the counters of a pool say, at one moment."""

from tests.unit.codes.conftest import Codes

_REAL = """
SELECT p.imported + p.generated AS total, p.available, p.reserved, p.assigned, p.redeemed, p.expired, p.voided,
       (SELECT count(*) FROM code WHERE pool_id = p.id) AS real_total,
       (SELECT count(*) FROM code c WHERE pool_id = p.id AND position > p.taken
            AND NOT EXISTS (SELECT FROM withdrawn_code WHERE code_id = c.id)) AS real_available,
       (SELECT coalesce(sum(quantity - assigned), 0) FROM reservation WHERE pool_id = p.id)::bigint AS real_reserved,
       count(a.code_id) FILTER (WHERE num_nonnulls(redeemed_at, expired_at, voided_at) = 0) AS real_assigned,
       count(redeemed_at) AS real_redeemed, count(expired_at) AS real_expired,
       count(voided_at) + (SELECT count(*) FROM withdrawn_code WHERE pool_id = p.id) AS real_voided
FROM code_pool p LEFT JOIN assignment a ON a.pool_id = p.id
WHERE p.event_id = $1 GROUP BY p.id
"""


async def assert_counted(codes: Codes, event: str) -> dict[str, int]:
    """Every counter of the event's pool is what the ledger says; answers them."""
    [row] = await codes.sql(_REAL, event)
    counters = {name: value for name, value in row.items() if not name.startswith("real_")}
    assert counters == {name: row[f"real_{name}"] for name in counters}
    return counters
