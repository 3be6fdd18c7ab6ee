-- name: begin_run
-- Takes up a wave that waits to be run, or whose worker died; nothing when there is nothing left to do.
UPDATE wave SET job_state = 'RUNNING', job_failure = NULL
WHERE id = :id AND state = 'RUNNING' AND job_state IN ('QUEUED', 'RUNNING')
RETURNING strategy, seed_sealed, beacon_value, committed_at

-- name: hold_wave
-- Keeps whoever erases a fan waiting, or waits for it: what is read of the roster next is what holds when this commits.
SELECT FROM wave WHERE id = :id FOR KEY SHARE

-- name: report_progress
-- Says how far a run is.
UPDATE wave SET job_progress = :progress WHERE id = :id AND state = 'RUNNING' AND job_state = 'RUNNING'

-- name: insert_selections
-- Adds the winners of a wave, taken from its roster.
INSERT INTO selection (id, wave_id, campaign_id, entry_id, user_id, event_id, market_id, preference_rank, ticket_quantity)
SELECT s.id, r.wave_id, w.campaign_id, r.entry_id, r.user_id, s.event_id, s.market_id, s.rank, r.quantity
FROM unnest(:ids::text[], :entry_ids::text[], :event_ids::text[], :market_ids::text[], :ranks::int[])
     AS s (id, entry_id, event_id, market_id, rank)
JOIN wave_entry r ON r.wave_id = :wave_id AND r.entry_id = s.entry_id
JOIN wave w ON w.id = r.wave_id
ORDER BY s.id

-- name: conclude_run
-- Publishes seed and outcome, once, unless the wave was called off meanwhile.
UPDATE wave
SET job_state = 'SUCCEEDED', job_progress = 1, job_finished_at = now(), seed = :seed, outcome_hash = :outcome_hash,
    selected = :selected, first_choices = :first_choices
WHERE id = :id AND state = 'RUNNING' AND job_state = 'RUNNING'
RETURNING true

-- name: fail_run
-- Gives a run up; it can be asked for again.
UPDATE wave SET job_state = 'FAILED', job_finished_at = now(), job_failure = :failure
WHERE id = :id AND state = 'RUNNING' AND job_state IN ('QUEUED', 'RUNNING')

-- name: selections_by_id
-- The selections of these ids.
SELECT s.id, s.wave_id, w.state AS wave_state, s.entry_id, s.user_id, s.campaign_id, c.team_id, s.event_id, s.market_id,
       s.preference_rank
FROM selection s
JOIN wave w ON w.id = s.wave_id
JOIN campaign c ON c.id = s.campaign_id
WHERE s.id = ANY(:ids::text[])

-- name: final_selections_of_entries
-- What these entries have won in finalized waves, oldest first.
SELECT s.id, s.wave_id, w.state AS wave_state, s.entry_id, s.user_id, s.campaign_id, c.team_id, s.event_id, s.market_id,
       s.preference_rank
FROM selection s
JOIN wave w ON w.id = s.wave_id AND w.state = 'FINALIZED'
JOIN campaign c ON c.id = s.campaign_id
WHERE s.entry_id = ANY(:ids::text[])
ORDER BY s.id

-- name: pages_of_waves
-- Pages of waves' selections in id order, each with one row more than its limit when more follow.
SELECT p.place, s.*, w.state AS wave_state, c.team_id
FROM unnest(:wave_ids::text[], :afters::text[], :limits::int[]) WITH ORDINALITY AS p (wave_id, after, size, place)
JOIN wave w ON w.id = p.wave_id
JOIN campaign c ON c.id = w.campaign_id
CROSS JOIN LATERAL (
    SELECT n.id, n.wave_id, n.entry_id, n.user_id, n.campaign_id, n.event_id, n.market_id, n.preference_rank
    FROM selection n
    WHERE n.wave_id = p.wave_id AND n.id > coalesce(p.after, '')
    ORDER BY n.id
    LIMIT p.size + 1
) AS s
ORDER BY p.place, s.id
