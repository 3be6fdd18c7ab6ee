-- name: asked_campaigns
-- What is known of the eligibility in these campaigns without counting: how many entries there are, and what was counted last.
SELECT c.id, c.document, t.result, t.computed_at, coalesce(n.entries, 0) AS entries,
       t.computed_at IS NULL OR t.computed_at < now() - make_interval(secs => :fresh_seconds) AS stale
FROM campaign c
LEFT JOIN eligibility_tally t ON t.campaign_id = c.id
LEFT JOIN (
    SELECT campaign_id, sum(count)::bigint AS entries FROM entry_tally_now
    WHERE campaign_id = ANY(:ids::text[]) AND dimension = 'STATE'
    GROUP BY campaign_id
) AS n ON n.campaign_id = c.id
WHERE c.id = ANY(:ids::text[])

-- name: judged_facts
-- All that campaigns' entries can be judged by, as it is now: each different set once, with how many entries have it. Scores
-- are told apart only as far as a campaign's range does.
SELECT e.campaign_id, e.state, e.country, e.is_member,
       CASE WHEN e.score < e.score_min THEN '-Infinity'::float8
            WHEN e.score > e.score_max THEN 'Infinity'::float8
            WHEN e.score IS NOT NULL THEN coalesce(e.score_min, e.score_max, 0) END AS score,
       w.entry_id IS NOT NULL AS selected,
       f.phone_verified, f.country AS known_country, f.member_id IS NOT NULL AS known_member, f.accounts, f.cards, f.tiers,
       count(*) AS count
FROM entry_now e
LEFT JOIN user_fact_now f ON f.user_id = e.user_id
LEFT JOIN winner w ON w.campaign_id = e.campaign_id AND w.entry_id = e.id
WHERE e.campaign_id = ANY(:ids::text[])
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12

-- name: ask
-- Notes that somebody wants newer numbers; answers the campaigns for which nobody had within the time.
INSERT INTO eligibility_tally AS t (campaign_id)
SELECT * FROM unnest(:ids::text[]) AS i (id) ORDER BY i.id
ON CONFLICT (campaign_id) DO UPDATE SET asked_at = now()
WHERE t.asked_at < now() - make_interval(secs => :fresh_seconds)
RETURNING t.campaign_id

-- name: keep
-- Keeps what was counted.
INSERT INTO eligibility_tally AS t (campaign_id, computed_at, result) VALUES (:campaign_id, :computed_at, :result::jsonb)
ON CONFLICT (campaign_id) DO UPDATE SET computed_at = excluded.computed_at, result = excluded.result
WHERE t.computed_at IS NULL OR t.computed_at < excluded.computed_at

-- name: terms
-- A campaign's terms.
SELECT id, document FROM campaign WHERE id = :id

-- name: now
-- The moment of the transaction.
SELECT now()
