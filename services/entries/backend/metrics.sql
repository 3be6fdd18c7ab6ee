-- name: metrics
-- Counts of campaigns' entries by state of this moment, country, and ranked market; of their wins in finalized waves, and of
-- those whose code was used. All of one moment, and none of it by looking at entries.
SELECT t.campaign_id, t.dimension,
       CASE t.dimension WHEN 'STATE' THEN entry_state_now(t.state, campaign_state_now(c.state, c.opens_at, c.closes_at)) END AS state,
       t.country, t.market_id, t.rank, sum(t.count)::bigint AS count
FROM entry_tally_now t
JOIN campaign c ON c.id = t.campaign_id
WHERE t.campaign_id = ANY(:campaign_ids::text[]) AND t.dimension IN ('STATE', 'COUNTRY', 'MARKET')
GROUP BY t.campaign_id, t.dimension, 3, t.country, t.market_id, t.rank
UNION ALL
SELECT w.campaign_id, d.dimension, NULL, NULL, NULL, NULL, sum(d.count)::bigint
FROM wave w
LEFT JOIN wave_redemption r ON r.wave_id = w.id
CROSS JOIN LATERAL (
    SELECT 'SELECTED' AS dimension, sum(k.winners) AS count FROM wave_capacity k WHERE k.wave_id = w.id
    UNION ALL SELECT 'REDEEMED', r.redeemed
) AS d
WHERE w.campaign_id = ANY(:campaign_ids::text[]) AND w.state = 'FINALIZED'
GROUP BY w.campaign_id, d.dimension
ORDER BY 1, 2, 3, 4, 5, 6

-- name: timelines
-- Entries by hour or day (UTC) of their submission, of each campaign, interval and span asked about. A span takes the
-- hours or days that begin in it.
SELECT t.place, date_trunc(t.step, n.hour, 'UTC') AS at, sum(n.count)::bigint AS count
FROM unnest(:campaign_ids::text[], :steps::text[], :since::timestamptz[], :until::timestamptz[])
     WITH ORDINALITY AS t (campaign_id, step, since, until, place)
JOIN entry_tally_now n ON n.campaign_id = t.campaign_id AND n.dimension = 'HOUR'
WHERE (t.since IS NULL OR date_trunc(t.step, n.hour, 'UTC') >= t.since)
  AND (t.until IS NULL OR date_trunc(t.step, n.hour, 'UTC') < t.until)
GROUP BY t.place, at
ORDER BY t.place, at

-- name: markets
-- The campaigns and teams that these markets belong to.
SELECT m.id AS market_id, c.id AS campaign_id, c.team_id
FROM unnest(:market_ids::text[]) AS m (id)
JOIN campaign c ON c.document -> 'markets' @> jsonb_build_array(jsonb_build_object('id', m.id))

-- name: demand
-- How many fans have an entry that counts, or still may, and ranks each of these markets of these campaigns.
SELECT t.market_id, sum(t.count)::bigint AS fans
FROM entry_tally_now t
JOIN campaign c ON c.id = t.campaign_id
WHERE t.campaign_id = ANY(:campaign_ids::text[]) AND t.dimension = 'MARKET' AND t.market_id = ANY(:market_ids::text[])
  AND entry_state_now(t.state, campaign_state_now(c.state, c.opens_at, c.closes_at)) IN ('ACCEPTED', 'PENDING_PHONE', 'UNDER_REVIEW')
GROUP BY t.market_id

-- name: add_up
-- Adds some of what was noted to the tallies and answers how many notes that were. A statement: it happens or it does not.
WITH taken AS (
    DELETE FROM entry_change
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM entry_change LIMIT :limit FOR UPDATE SKIP LOCKED))
    RETURNING *
), added AS (
    INSERT INTO entry_tally AS t (campaign_id, dimension, state, country, market_id, rank, hour, count)
    SELECT c.campaign_id, l.dimension, l.of_state, l.of_country, l.market_id, l.rank, l.of_hour, sum(c.count)
    FROM taken c CROSS JOIN LATERAL tally_lines(c.state, c.country, c.hour, c.preferences) AS l
    GROUP BY 1, 2, 3, 4, 5, 6, 7
    HAVING sum(c.count) <> 0
    ORDER BY 1, 2, 3, 4, 5, 6, 7
    ON CONFLICT (campaign_id, dimension, state, country, market_id, rank, hour) DO UPDATE SET count = t.count + excluded.count
)
SELECT count(*) FROM taken
