-- name: campaign_for_wave
-- What a new wave is checked against: the campaign as published, and the tickets that finalized waves gave away for good, by event.
SELECT c.team_id, c.score_min, c.score_max, c.document,
       (SELECT count(*) FROM wave w WHERE w.campaign_id = c.id) AS waves,
       (SELECT coalesce(jsonb_object_agg(g.event_id, g.given), '{}')
        FROM (SELECT k.event_id, sum(k.selected - k.released) AS given
              FROM wave w JOIN wave_capacity k ON k.wave_id = w.id
              WHERE w.campaign_id = c.id AND w.state = 'FINALIZED'
              GROUP BY k.event_id) g) AS given
FROM campaign c
WHERE c.id = :campaign_id

-- name: insert_wave
-- Drafts a wave.
INSERT INTO wave (id, campaign_id, name, strategy, reassignment, score_min, score_max)
VALUES (:id, :campaign_id, :name, :strategy, :reassignment, :score_min, :score_max)

-- name: insert_capacities
-- What each event gives in the wave.
INSERT INTO wave_capacity (wave_id, event_id, market_id, capacity, ticket_limit)
SELECT :wave_id, * FROM unnest(:event_ids::text[], :market_ids::text[], :capacities::int[], :ticket_limits::int[])

-- name: waves_by_id
-- The waves of these ids, with their capacities.
SELECT w.*, c.team_id,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('event_id', k.event_id, 'market_id', k.market_id, 'capacity', k.capacity,
                                                     'selected', k.selected, 'winners', k.winners) ORDER BY k.event_id), '[]')
        FROM wave_capacity k WHERE k.wave_id = w.id) AS capacities
FROM wave w
JOIN campaign c ON c.id = w.campaign_id
WHERE w.id = ANY(:ids::text[])

-- name: waves_of_campaigns
-- The waves of these campaigns, oldest first.
SELECT w.*, c.team_id,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('event_id', k.event_id, 'market_id', k.market_id, 'capacity', k.capacity,
                                                     'selected', k.selected, 'winners', k.winners) ORDER BY k.event_id), '[]')
        FROM wave_capacity k WHERE k.wave_id = w.id) AS capacities
FROM wave w
JOIN campaign c ON c.id = w.campaign_id
WHERE w.campaign_id = ANY(:ids::text[])
ORDER BY w.id

-- name: start_run
-- Hands a committed wave of a closed campaign to the worker: its roster is published, and the beacon's value is given exactly
-- if one was announced.
UPDATE wave w
SET state = 'RUNNING', job_id = :job_id, job_step = 'DRAW', job_state = 'QUEUED', job_progress = 0, job_created_at = now(),
    job_finished_at = NULL, beacon_value = :beacon_value
FROM campaign c
WHERE w.id = :id AND w.state = 'COMMITTED' AND w.roster_root IS NOT NULL AND c.id = w.campaign_id
  AND (w.beacon_source IS NULL) = (:beacon_value::text IS NULL)
  AND campaign_state_now(c.state, c.opens_at, c.closes_at) IN ('CLOSED', 'SELECTING')
RETURNING w.campaign_id, c.team_id

-- name: restart_run
-- Hands a wave whose run was given up to the worker once more.
UPDATE wave w
SET job_state = 'QUEUED', job_progress = 0, job_failure = NULL, job_finished_at = NULL
FROM campaign c
WHERE w.id = :id AND w.state = 'RUNNING' AND w.job_state = 'FAILED' AND c.id = w.campaign_id
RETURNING w.campaign_id, c.team_id

-- name: finalize_wave
-- Makes the outcome of a run final.
UPDATE wave w
SET state = 'FINALIZED', finalized_at = now()
FROM campaign c
WHERE w.id = :id AND w.state = 'RUNNING' AND w.job_state = 'SUCCEEDED' AND c.id = w.campaign_id
RETURNING w.campaign_id, c.team_id

-- name: cancel_wave
-- Calls off a wave that is not final, and its run with it.
UPDATE wave w
SET state = 'CANCELLED',
    job_finished_at = CASE WHEN w.job_state IN ('QUEUED', 'RUNNING') THEN now() ELSE w.job_finished_at END,
    job_state = CASE WHEN w.job_state IN ('QUEUED', 'RUNNING') THEN 'CANCELLED' ELSE w.job_state END
FROM campaign c
WHERE w.id = :id AND w.state IN ('DRAFT', 'COMMITTED', 'RUNNING') AND c.id = w.campaign_id
RETURNING w.campaign_id, c.team_id

-- name: wave_and_campaign_state
-- Why a step did not come about: where the wave, its run and its campaign are.
SELECT w.state, w.job_state, w.roster_root IS NOT NULL AS frozen, w.beacon_source, w.beacon_round,
       campaign_state_now(c.state, c.opens_at, c.closes_at) AS campaign_state
FROM wave w
JOIN campaign c ON c.id = w.campaign_id
WHERE w.id = :id
