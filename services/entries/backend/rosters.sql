-- name: join_by_hash
-- For this transaction: a roster is joined as a whole, and on tables that were never analyzed a nested loop takes for ever.
SET LOCAL enable_nestloop = off

-- name: sort_in_memory
-- For this transaction: a roster is sorted, or joined, as a whole.
SET LOCAL work_mem = '192MB'

-- name: has_more_candidates_than
-- Whether a wave's campaign has more accepted entries than that; cheap, for it stops counting there.
SELECT count(*) > :limit
FROM (SELECT FROM entry WHERE campaign_id = :campaign_id AND state = 'ACCEPTED' LIMIT :limit::bigint + 1) AS e

-- name: lock_campaign
-- A wave and its campaign at this moment. The campaign's row is locked against submissions under way: what they were
-- answered is seen by all that follows in this transaction. The wave's is locked against another worker.
SELECT w.id, w.state, w.strategy, w.roster_root IS NOT NULL AS frozen, w.campaign_id, w.reassignment, w.score_min, w.score_max,
       w.job_state, c.team_id, c.document -> 'gate' AS gate, c.document -> 'countries' AS countries,
       campaign_state_now(c.state, c.opens_at, c.closes_at) AS campaign_state
FROM wave w
JOIN campaign c ON c.id = w.campaign_id
WHERE w.id = :id
FOR NO KEY UPDATE OF c, w

-- name: commit_wave
-- Commits a draft; the commitment to its seed is public from now on. Another wave under way in the campaign is a unique violation.
UPDATE wave w
SET state = 'COMMITTED', committed_at = now(), seed_sealed = :seed_sealed, seed_commitment = :seed_commitment,
    beacon_source = :beacon_source, beacon_round = :beacon_round
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
    SELECT sum(o.selected - o.released) AS tickets
    FROM wave_capacity o JOIN wave v ON v.id = o.wave_id
    WHERE v.campaign_id = w.campaign_id AND v.state = 'FINALIZED' AND o.event_id = k.event_id
) given ON true
WHERE w.id = :id AND k.capacity > coalesce(e.allocation, 0) - coalesce(given.tickets, 0)
ORDER BY k.event_id

-- name: awaits_scores
-- Whether somebody who would take part has no score yet, and scores say who does: by the wave, or because reviews hold low
-- ones back.
SELECT (:by_score OR EXISTS (SELECT FROM review_rule WHERE campaign_id = :campaign_id))
       AND EXISTS (SELECT FROM entry WHERE campaign_id = :campaign_id AND state = 'ACCEPTED' AND score_due AND score IS NULL)

-- name: queue_roster
-- Has a committed wave's roster frozen by the worker; once more if that was given up.
UPDATE wave
SET job_id = :job_id, job_step = 'ROSTER', job_state = 'QUEUED', job_progress = 0, job_failure = NULL,
    job_created_at = now(), job_finished_at = NULL
WHERE id = :id AND state = 'COMMITTED' AND roster_root IS NULL AND (job_state IS NULL OR job_state = 'FAILED')
RETURNING true

-- name: begin_roster
-- Takes up a wave whose roster waits to be frozen, or whose worker died.
UPDATE wave SET job_state = 'RUNNING', job_failure = NULL
WHERE id = :id AND state = 'COMMITTED' AND roster_root IS NULL AND job_step = 'ROSTER' AND job_state IN ('QUEUED', 'RUNNING')
RETURNING true

-- name: fail_roster
-- Gives the freezing of a roster up; `commitWave` asks for it again.
UPDATE wave SET job_state = 'FAILED', job_finished_at = now(), job_failure = :failure
WHERE id = :id AND state = 'COMMITTED' AND job_step = 'ROSTER' AND job_state IN ('QUEUED', 'RUNNING')

-- name: facts_to_judge
-- What the gate may ask of the wave's candidates, each different set of answers once.
SELECT DISTINCT ON (key) gate_key(k.country, k.is_member, f) AS key, k.country, k.is_member, f.phone_verified,
       f.country AS known_country, f.member_id, f.accounts, f.cards, f.tiers
FROM wave_candidates(:campaign_id, :reassignment, :score_min, :score_max) k
LEFT JOIN user_fact_now f ON f.user_id = k.user_id
ORDER BY key

-- name: countries_to_judge
-- Where the wave's candidates live, as far as that is known.
SELECT DISTINCT coalesce(k.country, f.country) AS country
FROM wave_candidates(:campaign_id, :reassignment, :score_min, :score_max) k
LEFT JOIN user_fact_now f ON f.user_id = k.user_id

-- name: freeze_roster
-- Puts the candidates on the wave's roster in entry id order, but those whose facts fail the gate; each with 16 random bytes
-- of salt (a random UUID's) that hide what she ranked. A score is only kept where the draw asks for it.
INSERT INTO wave_entry (wave_id, position, entry_id, user_id, preferences, barred, quantity, score, submitted, salt)
SELECT :id, row_number() OVER (ORDER BY k.entry_id) - 1, k.entry_id, k.user_id, k.preferences, k.barred, k.quantity,
       CASE WHEN :scored::boolean THEN k.score END, k.submitted, uuid_send(gen_random_uuid())
FROM wave_candidates(:campaign_id, :reassignment, :score_min, :score_max) k
LEFT JOIN user_fact_now f ON f.user_id = k.user_id
WHERE :failing::text[] = '{}' OR gate_key(k.country, k.is_member, f) <> ALL (:failing)

-- name: roster_leaves
-- The hashes of the roster's lines in order, 32 bytes each: see `draws_rules.leaf`.
SELECT string_agg(sha256('\x00'::bytea || convert_to(roster_line(r), 'UTF8')), ''::bytea ORDER BY position) AS leaves
FROM wave_entry r
WHERE wave_id = :id

-- name: keep_tree
-- Keeps the tree over the roster, level by level.
INSERT INTO wave_tree (wave_id, level, hashes)
SELECT :id, t.level - 1, t.hashes FROM unnest(:levels::bytea[]) WITH ORDINALITY AS t (hashes, level)

-- name: publish_root
-- Publishes the root of the frozen roster, once; nothing if the wave was called off meanwhile.
UPDATE wave
SET roster_root = :roster_root, eligible = :eligible,
    job_state = CASE WHEN job_step = 'ROSTER' THEN 'SUCCEEDED' END,
    job_progress = CASE WHEN job_step = 'ROSTER' THEN 1 ELSE 0 END,
    job_finished_at = CASE WHEN job_step = 'ROSTER' THEN now() END
WHERE id = :id AND state = 'COMMITTED' AND roster_root IS NULL
RETURNING true

-- name: roster_lines
-- The frozen roster in order.
SELECT roster_line(r) FROM wave_entry r WHERE wave_id = :wave_id ORDER BY position

-- name: seats
-- What the wave's events give.
SELECT event_id, market_id, capacity, ticket_limit FROM wave_capacity WHERE wave_id = :wave_id
