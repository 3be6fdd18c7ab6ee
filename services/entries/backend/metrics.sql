-- name: metrics
-- Counts of campaigns' entries by state of this moment, country, and ranked market, and of their final selections.
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
SELECT s.campaign_id, 'selected', NULL, 0, count(*)
FROM selection s
JOIN wave w ON w.id = s.wave_id AND w.state = 'FINALIZED'
WHERE s.campaign_id = ANY(:campaign_ids::text[])
GROUP BY s.campaign_id
ORDER BY campaign_id, dimension, rank, key

-- name: timelines
-- Entries by hour or day (UTC) of their submission, of each campaign and interval asked about.
SELECT t.place, date_trunc(t.step, e.submitted_at, 'UTC') AS at, count(*) AS count
FROM unnest(:campaign_ids::text[], :steps::text[]) WITH ORDINALITY AS t (campaign_id, step, place)
JOIN entry e ON e.campaign_id = t.campaign_id
GROUP BY t.place, at
ORDER BY t.place, at
