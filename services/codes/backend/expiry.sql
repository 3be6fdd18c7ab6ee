-- name: expire
-- Writes down that codes were not used in time: some of those whose presale has closed, each once. Whatever is being
-- redeemed at this moment is left for the next look.
WITH due AS (
    SELECT a.code_id
    FROM code_pool p
    JOIN campaign_event e ON e.id = p.event_id AND e.presale_closes_at <= now()
    CROSS JOIN LATERAL (
        SELECT code_id FROM assignment
        WHERE pool_id = p.id AND redeemed_at IS NULL AND voided_at IS NULL AND expired_at IS NULL
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    ) AS a
    WHERE p.assigned > 0
    LIMIT :limit
),
written AS (
    UPDATE assignment a SET expired_at = now(), version = a.version + 1
    FROM due WHERE a.code_id = due.code_id
    RETURNING a.pool_id, a.selection_id, a.version
),
locked AS (
    SELECT id FROM code_pool WHERE id IN (SELECT pool_id FROM written) ORDER BY id FOR UPDATE
),
counted AS (
    UPDATE code_pool p SET assigned = p.assigned - codes.count, expired = p.expired + codes.count
    FROM (SELECT pool_id, count(*) FROM written GROUP BY pool_id) AS codes JOIN locked ON locked.id = codes.pool_id
    WHERE p.id = codes.pool_id
)
SELECT selection_id, version FROM written

-- name: unexpire
-- Takes back what `expire` wrote, where the presale was given more time.
WITH due AS (
    SELECT a.code_id
    FROM code_pool p
    JOIN campaign_event e ON e.id = p.event_id AND coalesce(e.presale_closes_at > now(), true)
    CROSS JOIN LATERAL (
        SELECT code_id FROM assignment WHERE pool_id = p.id AND expired_at IS NOT NULL LIMIT :limit FOR UPDATE SKIP LOCKED
    ) AS a
    WHERE p.expired > 0
    LIMIT :limit
),
written AS (
    UPDATE assignment a SET expired_at = NULL, version = a.version + 1
    FROM due WHERE a.code_id = due.code_id
    RETURNING a.pool_id, a.selection_id, a.version
),
locked AS (
    SELECT id FROM code_pool WHERE id IN (SELECT pool_id FROM written) ORDER BY id FOR UPDATE
),
counted AS (
    UPDATE code_pool p SET assigned = p.assigned + codes.count, expired = p.expired - codes.count
    FROM (SELECT pool_id, count(*) FROM written GROUP BY pool_id) AS codes JOIN locked ON locked.id = codes.pool_id
    WHERE p.id = codes.pool_id
)
SELECT selection_id, version FROM written
