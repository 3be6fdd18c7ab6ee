-- name: metrics
-- Counts of campaigns' entries by state of this moment, country, and ranked market, of their final selections, and of those
-- whose code was used.
SELECT campaign_id, CASE WHEN grouping(state) = 0 THEN 'state' ELSE 'country' END AS dimension,
       CASE WHEN grouping(state) = 0 THEN state ELSE country END AS key, 0 AS rank, count(*) AS count
FROM entry_now
WHERE campaign_id = ANY(:campaign_ids::text[])
GROUP BY GROUPING SETS ((campaign_id, state), (campaign_id, country))
UNION ALL
SELECT e.campaign_id, 'market', p.market_id, p.rank::int, count(*)
FROM entry e CROSS JOIN LATERAL unnest(e.preferences) WITH ORDINALITY AS p (market_id, rank)
WHERE e.campaign_id = ANY(:campaign_ids::text[])
GROUP BY e.campaign_id, p.market_id, p.rank
UNION ALL
SELECT s.campaign_id, d.dimension, NULL, 0, CASE d.dimension WHEN 'selected' THEN s.selected ELSE s.redeemed END
FROM (
    SELECT s.campaign_id, count(*) AS selected, count(*) FILTER (WHERE r.quantity > 0) AS redeemed
    FROM selection s
    JOIN wave w ON w.id = s.wave_id AND w.state = 'FINALIZED'
    LEFT JOIN redemption r ON r.selection_id = s.id
    WHERE s.campaign_id = ANY(:campaign_ids::text[])
    GROUP BY s.campaign_id
) AS s
CROSS JOIN (VALUES ('selected'), ('redeemed')) AS d (dimension)
ORDER BY campaign_id, dimension, rank, key

-- name: timelines
-- Entries by hour or day (UTC) of their submission, of each campaign and interval asked about.
SELECT t.place, date_trunc(t.step, e.submitted_at, 'UTC') AS at, count(*) AS count
FROM unnest(:campaign_ids::text[], :steps::text[]) WITH ORDINALITY AS t (campaign_id, step, place)
JOIN entry e ON e.campaign_id = t.campaign_id
GROUP BY t.place, at
ORDER BY t.place, at

-- name: markets
-- The campaigns and teams that these markets belong to.
SELECT m.id AS market_id, c.id AS campaign_id, c.team_id
FROM unnest(:market_ids::text[]) AS m (id)
JOIN campaign c ON c.document -> 'markets' @> jsonb_build_array(jsonb_build_object('id', m.id))

-- name: demand
-- How many fans have an entry that counts, or still may, and ranks each of these markets of these campaigns.
SELECT p.market_id, count(*) AS fans
FROM entry_now e CROSS JOIN LATERAL unnest(e.preferences) AS p (market_id)
WHERE e.campaign_id = ANY(:campaign_ids::text[])
  AND e.state IN ('ACCEPTED', 'PENDING_PHONE', 'UNDER_REVIEW')
  AND p.market_id = ANY(:market_ids::text[])
GROUP BY p.market_id
