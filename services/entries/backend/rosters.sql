-- name: join_by_hash
-- For this transaction: a roster is joined as a whole, and on tables that were never analyzed a nested loop takes for ever.
SET LOCAL enable_nestloop = off

-- name: wave_with_terms
-- How a wave chooses, and the campaign's gate.
SELECT w.campaign_id, w.strategy, w.reassignment, w.score_min, w.score_max, c.document -> 'gate' AS gate
FROM wave w
JOIN campaign c ON c.id = w.campaign_id
WHERE w.id = :id

-- name: lock_campaign
-- A wave and its campaign at this moment. The campaign's row is locked against submissions under way: what they were
-- answered is seen by all that follows in this transaction.
SELECT w.state, w.campaign_id, w.reassignment, w.score_min, w.score_max, c.team_id, c.document -> 'gate' AS gate,
       campaign_state_now(c.state, c.opens_at, c.closes_at) AS campaign_state
FROM wave w
JOIN campaign c ON c.id = w.campaign_id
WHERE w.id = :id
FOR NO KEY UPDATE OF c

-- name: commit_wave
-- Commits a draft; the commitment to its seed is public from now on. Another wave under way in the campaign is a unique violation.
UPDATE wave w
SET state = 'COMMITTED', committed_at = now(), seed_sealed = :seed_sealed, seed_commitment = :seed_commitment
FROM campaign c
WHERE w.id = :id AND w.state = 'DRAFT' AND c.id = w.campaign_id
  AND campaign_state_now(c.state, c.opens_at, c.closes_at) IN ('CLOSED', 'SELECTING')
RETURNING true

-- name: overbooked_events
-- Events of the wave that, with what finalized waves gave away, would give more than their allocation; or that are gone.
SELECT k.event_id, k.capacity, coalesce(e.allocation, 0) - coalesce(given.tickets, 0) AS left
FROM wave w
JOIN campaign c ON c.id = w.campaign_id
JOIN wave_capacity k ON k.wave_id = w.id
LEFT JOIN jsonb_to_recordset(c.document -> 'events') AS e (id text, allocation int) ON e.id = k.event_id
LEFT JOIN LATERAL (
    SELECT sum(o.selected) AS tickets
    FROM wave_capacity o JOIN wave v ON v.id = o.wave_id
    WHERE v.campaign_id = w.campaign_id AND v.state = 'FINALIZED' AND o.event_id = k.event_id
) given ON true
WHERE w.id = :id AND k.capacity > coalesce(e.allocation, 0) - coalesce(given.tickets, 0)
ORDER BY k.event_id

-- name: freeze_roster
-- Puts all candidates on the wave's roster, each with 16 random bytes of salt (a random UUID's) that hide what she ranked.
INSERT INTO wave_entry (wave_id, entry_id, user_id, preferences, barred, quantity, score, submitted, salt)
SELECT :id, k.entry_id, k.user_id, k.preferences, k.barred, k.quantity, k.score, k.submitted, uuid_send(gen_random_uuid())
FROM wave_candidates(:campaign_id, :reassignment, :score_min, :score_max) k

-- name: roster_facts
-- What the gate asks of the fans on a roster.
SELECT r.entry_id, e.country, e.is_member, f.phone_verified, f.country AS known_country, f.member_id, f.accounts, f.cards, f.tiers
FROM wave_entry r
JOIN entry e ON e.campaign_id = :campaign_id AND e.id = r.entry_id
LEFT JOIN user_fact_now f ON f.user_id = r.user_id
WHERE r.wave_id = :id

-- name: strike_from_roster
-- Takes those off the roster who no longer pass the gate.
DELETE FROM wave_entry WHERE wave_id = :id AND entry_id = ANY(:entry_ids::text[])

-- name: roster_leaves
-- The hashes of the roster's lines in entry id order, 32 bytes each, and how many: see `draws_rules.leaf`.
SELECT count(*) AS size,
       string_agg(sha256('\x00'::bytea || convert_to(concat(
           encode(salt, 'hex'), '|', entry_id, '|', quantity, '|', encode(float8send(score), 'hex'), '|', submitted, '|',
           array_to_string(preferences, ','), '|', array_to_string(barred, ',')
       ), 'UTF8')), ''::bytea ORDER BY entry_id) AS leaves
FROM wave_entry
WHERE wave_id = :id

-- name: publish_root
-- Publishes the root of the frozen roster.
UPDATE wave SET roster_root = :roster_root, eligible = :eligible WHERE id = :id AND state = 'COMMITTED'

-- name: candidates
-- Who would be on the wave's roster, with the facts that the gate asks for.
SELECT k.*, NULL::bytea AS salt, f.phone_verified, f.country AS known_country, f.member_id, f.accounts, f.cards, f.tiers
FROM wave_candidates(:campaign_id, :reassignment, :score_min, :score_max) k
LEFT JOIN user_fact_now f ON f.user_id = k.user_id

-- name: seats
-- What the wave's events give.
SELECT event_id, market_id, capacity, ticket_limit FROM wave_capacity WHERE wave_id = :wave_id
