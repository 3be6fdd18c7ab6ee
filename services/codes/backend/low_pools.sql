-- name: note_low
-- Pools that have begun to run low since the last look, or no longer do, each taken by one worker.
WITH turned AS (
    SELECT id, coalesce(available < low_watermark, false) AS low FROM code_pool
    WHERE low_told <> coalesce(available < low_watermark, false)
    ORDER BY id
    LIMIT :limit
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE code_pool p SET low_told = turned.low
FROM turned, campaign c
WHERE p.id = turned.id AND c.id = p.campaign_id
RETURNING p.id, p.event_id, p.campaign_id, c.team_id, p.available, p.low_watermark, turned.low
