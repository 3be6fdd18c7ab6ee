-- name: entries_by_id
-- The entries of these ids, as they are now. OFFSET 0 keeps a plan that was made while the table was small to its index.
SELECT e.*
FROM unnest(:ids::text[]) AS i (id)
CROSS JOIN LATERAL (SELECT * FROM entry_now WHERE id = i.id OFFSET 0) AS e

-- name: entries_of_user
-- One user's entries in these campaigns.
SELECT * FROM entry_now WHERE user_id = :user_id AND campaign_id = ANY(:campaign_ids::text[])
ORDER BY id

-- name: pages_of_campaigns
-- Pages of campaigns' entries, oldest first, each with one row more than its limit when more follow.
SELECT p.place, e.*
FROM unnest(:keys::text[], :states::text[], :afters::text[], :limits::int[])
     WITH ORDINALITY AS p (campaign_id, states, after, size, place)
CROSS JOIN LATERAL (
    SELECT * FROM entry_now n
    WHERE n.campaign_id = p.campaign_id
      AND (p.states IS NULL OR n.state = ANY(string_to_array(p.states, ',')))
      AND n.id > coalesce(p.after, '')
    ORDER BY n.id
    LIMIT p.size + 1
) AS e
ORDER BY p.place, e.id

-- name: pages_of_users
-- Pages of users' entries, newest first, each with one row more than its limit when more follow.
SELECT p.place, e.*
FROM unnest(:keys::text[], :states::text[], :afters::text[], :limits::int[])
     WITH ORDINALITY AS p (user_id, states, after, size, place)
CROSS JOIN LATERAL (
    SELECT * FROM entry_now n
    WHERE n.user_id = p.user_id
      AND (p.states IS NULL OR n.state = ANY(string_to_array(p.states, ',')))
      AND (p.after IS NULL OR n.id < p.after)
    ORDER BY n.id DESC
    LIMIT p.size + 1
) AS e
ORDER BY p.place, e.id DESC

-- name: teams_of_campaigns
-- Whose these campaigns are.
SELECT id, team_id FROM campaign WHERE id = ANY(:ids::text[])

-- name: facts_of_entries
-- What an entry's eligibility depends on: the entry, its campaign's terms, and the fan's facts.
SELECT e.id, e.state, e.country, e.is_member, e.score, is_selected(e.id) AS selected, c.document,
       f.phone_verified, f.country AS known_country, f.member_id, f.accounts, f.cards, f.tiers
FROM unnest(:ids::text[]) AS i (id)
CROSS JOIN LATERAL (SELECT * FROM entry_now WHERE id = i.id OFFSET 0) AS e
JOIN campaign c ON c.id = e.campaign_id
LEFT JOIN LATERAL (SELECT * FROM user_fact_now WHERE user_id = e.user_id OFFSET 0) AS f ON true

-- name: facts_of_campaigns
-- What a fan's eligibility for campaigns depends on, and her entry's state where she has entered. Drafts are nobody's business.
SELECT c.id, campaign_state_now(c.state, c.opens_at, c.closes_at) AS campaign_state, c.document,
       e.state, e.score, coalesce(is_selected(e.id), false) AS selected, f.phone_verified, f.country AS known_country, f.member_id, f.accounts, f.cards, f.tiers
FROM campaign c
LEFT JOIN user_fact_now f ON f.user_id = :user_id
LEFT JOIN entry_now e ON e.campaign_id = c.id AND e.user_id = :user_id
WHERE c.id = ANY(:campaign_ids::text[]) AND c.state <> 'DRAFT'
ORDER BY e.id
