"""As many entries of a campaign as a measurement wants."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

CAMPAIGN = f"cmp_{'bench':0>26}"
MARKETS = [{"id": f"mkt_{n:026}", "name": f"Market {n}", "country": "US"} for n in range(50)]
_CHUNK = 50_000

_CAMPAIGN = """
INSERT INTO campaign (id, version, team_id, state, opens_at, closes_at, phone_required, identity_key, document)
VALUES ($1, 1, 'tea_bench', 'OPEN', now() - interval '7 days', now() + interval '7 days', false, 'EMAIL', $2)
"""
# Ids as they come in life: the time in front, here that of the campaign's own id.
_ENTRIES = """
INSERT INTO entry (id, campaign_id, user_id, identity, state, preferences, ticket_quantity, country, is_member,
                   request_digest, score_due, submitted_at)
SELECT 'ent_' || substr($1, 5, 10) || lpad(g::text, 16, '0'), $1, 'usr_' || md5(g::text), uuid_send(gen_random_uuid()),
       CASE WHEN g % 17 = 0 THEN 'WITHDRAWN' ELSE 'ACCEPTED' END,
       ARRAY[($4::text[])[1 + g % n], ($4::text[])[1 + (g + 1 + g % least(7, n - 1)) % n]],
       1 + g % 4, (ARRAY['US', 'CA', 'GB', 'IE', 'MX'])[1 + g % 5], true, '', false,
       now() - make_interval(secs => g % 604800)
FROM generate_series($2::int, $3::int) AS g, cardinality($4::text[]) AS n
ON CONFLICT DO NOTHING
"""
# What scoring leaves of each: here four fans a network, each with a browser of her own.
_SCORES = """
WITH scored AS (
    INSERT INTO entry_score (entry_id, source, value, reasons)
    SELECT 'ent_' || substr($1, 5, 10) || lpad(g::text, 16, '0'), 'BUILT_IN', 0.5, '{}'
    FROM generate_series($2::int, $3::int) AS g
)
INSERT INTO signal (entry_id, network, device, hour)
SELECT 'ent_' || substr($1, 5, 10) || lpad(g::text, 16, '0'),
       substr(sha256(int4send(g / 4)), 1, 8), substr(sha256(int4send(g)), 9, 8), date_trunc('hour', now())
FROM generate_series($2::int, $3::int) AS g
"""


async def open_campaign(owner: asyncpg.Connection) -> None:
    """The campaign that all of it is about, open and without a gate."""
    document: dict[str, Any] = {
        "id": CAMPAIGN, "slug": "bench", "version": 1, "team_id": "tea_bench", "state": "OPEN",
        "default_locale": "en-US", "countries": ["US"], "opens_at": "2026-01-01T00:00:00Z",
        "closes_at": "2099-01-01T00:00:00Z",
        "phone_required": False, "identity_key": "EMAIL", "gate": None, "score_min": None, "score_max": None,
        "titles": {}, "markets": MARKETS, "events": [],
    }  # fmt: skip
    await owner.execute(_CAMPAIGN, CAMPAIGN, json.dumps(document))


async def fill(
    owner: asyncpg.Connection,
    entries: int,
    *,
    start: int = 0,
    scored: bool = False,
    campaign_id: str = CAMPAIGN,
    market_ids: Sequence[str] = tuple(market["id"] for market in MARKETS),
) -> None:
    """Has entries `start` to `entries` there, a week old at most; with `scored` as if the worker had scored them.

    `campaign_id` has a time in front, as every id; `market_ids` are two or more.
    """
    for first in range(start, entries, _CHUNK):
        last = min(first + _CHUNK, entries) - 1
        await owner.execute(_ENTRIES, campaign_id, first, last, list(market_ids))
        if scored:
            await owner.execute(_SCORES, campaign_id, first, last)
    await owner.execute("VACUUM ANALYZE entry, entry_score, signal")


@asynccontextmanager
async def without_notes(owner: asyncpg.Connection) -> AsyncIterator[None]:
    """Entries that are filled in meanwhile leave no notes for the tallies: those are not what is measured."""
    await owner.execute("ALTER TABLE entry DISABLE TRIGGER USER")
    try:
        yield
    finally:
        await owner.execute("ALTER TABLE entry ENABLE TRIGGER USER")
