-- name: committed_wave
-- What a wave published about its draw, and how it chose.
SELECT w.id, w.campaign_id, w.name, w.strategy, w.seed, w.seed_commitment, w.roster_root, w.outcome_hash, w.eligible, w.job_state,
       w.beacon_source, w.beacon_round, w.beacon_value, w.committed_at
FROM wave w
WHERE w.id = :id AND w.roster_root IS NOT NULL

-- name: picks
-- Who won what in a wave, in entry id order.
SELECT entry_id, event_id, market_id, preference_rank, ticket_quantity FROM selection WHERE wave_id = :wave_id ORDER BY entry_id

-- name: keep_verification
-- Keeps what repeating a draw found.
INSERT INTO wave_verification (wave_id, result) VALUES (:wave_id, :result)
ON CONFLICT (wave_id) DO UPDATE SET result = excluded.result, verified_at = now()

-- name: keep_file
-- Publishes a wave's file.
UPDATE wave SET proof_file = :file WHERE id = :wave_id

-- name: verification
-- What repeating a draw found last, and how long ago.
SELECT result, verified_at, now() - verified_at > make_interval(secs => :fresh_seconds) AS stale
FROM wave_verification WHERE wave_id = :wave_id

-- name: file_of_wave
-- The published file of a wave.
SELECT proof_file AS file FROM wave WHERE id = :id AND proof_file IS NOT NULL

-- name: draws_of_campaigns
-- What every committed wave of these campaigns published, oldest first; those that were called off too.
SELECT w.id AS wave_id, w.campaign_id, w.state, w.strategy, w.committed_at, w.finalized_at, w.eligible, w.selected, w.roster_root,
       w.seed_commitment, w.seed, w.outcome_hash, w.beacon_source, w.beacon_round, w.beacon_value
FROM wave w
WHERE w.campaign_id = ANY(:ids::text[]) AND w.roster_root IS NOT NULL
ORDER BY w.id

-- name: roster_places
-- Where these entries are on the rosters of waves, as their lines were hashed.
SELECT r.entry_id, r.wave_id, r.position, roster_line(r) AS line, w.eligible AS size, w.roster_root
FROM wave_entry r
JOIN wave w ON w.id = r.wave_id AND w.roster_root IS NOT NULL
WHERE r.entry_id = ANY(:ids::text[])
ORDER BY r.entry_id, r.wave_id

-- name: nodes
-- Nodes out of the trees over rosters, numbered in the order asked for.
SELECT n.number, substring(t.hashes FROM 1 + 32 * n.place FOR 32) AS hash
FROM unnest(:wave_ids::text[], :levels::int[], :places::int[]) WITH ORDINALITY AS n (wave_id, level, place, number)
JOIN wave_tree t ON t.wave_id = n.wave_id AND t.level = n.level
ORDER BY n.number
