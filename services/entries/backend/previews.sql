-- name: wave_with_terms
-- How a wave chooses, and whom the campaign lets in.
SELECT w.id, w.campaign_id, w.strategy, w.reassignment, w.score_min, w.score_max, c.document -> 'gate' AS gate,
       c.document -> 'countries' AS countries
FROM wave w
JOIN campaign c ON c.id = w.campaign_id
WHERE w.id = :id

-- name: candidate_lines
-- Who would be on the wave's roster, as roster lines without salt.
SELECT roster_line(ROW(:wave_id::text, k.entry_id, k.user_id, k.preferences, k.barred, k.quantity, k.score, k.submitted,
                       ''::bytea, 0)::wave_entry)
FROM wave_candidates(:campaign_id, :reassignment, :score_min, :score_max) k
LEFT JOIN user_fact_now f ON f.user_id = k.user_id
WHERE :failing::text[] = '{}' OR gate_key(k.country, k.is_member, f) <> ALL (:failing)

-- name: queue_preview
-- Has a preview computed by the worker; answers nothing when one is under way.
INSERT INTO wave_preview AS p (wave_id, job_id)
SELECT id, :job_id FROM wave WHERE id = :wave_id
ON CONFLICT (wave_id) DO UPDATE
SET job_id = excluded.job_id, state = 'QUEUED', failure = NULL, created_at = now(), finished_at = NULL
WHERE p.state IN ('SUCCEEDED', 'FAILED')
RETURNING true

-- name: begin_preview
-- Takes up a preview that waits to be computed, or whose worker died.
UPDATE wave_preview SET state = 'RUNNING' WHERE wave_id = :wave_id AND state IN ('QUEUED', 'RUNNING') RETURNING true

-- name: keep_preview
-- Keeps what a preview found.
UPDATE wave_preview SET state = 'SUCCEEDED', result = :result, finished_at = now()
WHERE wave_id = :wave_id AND state = 'RUNNING'

-- name: fail_preview
-- Gives a preview up; it can be asked for again.
UPDATE wave_preview SET state = 'FAILED', finished_at = now(), failure = :failure
WHERE wave_id = :wave_id AND state IN ('QUEUED', 'RUNNING')

-- name: previews
-- The kept previews of these waves.
SELECT wave_id, job_id, state, result, failure, created_at, finished_at FROM wave_preview WHERE wave_id = ANY(:ids::text[])
