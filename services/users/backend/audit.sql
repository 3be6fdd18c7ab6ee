-- name: open_chains
-- A chain for each team that has none.
INSERT INTO audit_chain (team_id, sequence, hash)
SELECT t, 0, :origin::bytea FROM unnest(:team_ids::text[]) AS t ORDER BY t
ON CONFLICT DO NOTHING

-- name: lock_chains
-- The end of each team's chain, locked: one writer at a time per team.
SELECT team_id, sequence, hash FROM audit_chain WHERE team_id = ANY(:team_ids::text[]) ORDER BY team_id FOR UPDATE

-- name: known_events
-- The ones of these events that are in the log already.
SELECT id FROM audit_event WHERE id = ANY(:ids::text[])

-- name: append_events
-- Adds events at the ends of their chains, and moves the ends.
WITH added AS (
    INSERT INTO audit_event (team_id, sequence, id, campaign_id, actor, action, target, before, after, at, request_id,
                             previous_hash, hash)
    SELECT * FROM unnest(
        :team_ids::text[], :sequences::bigint[], :ids::text[], :campaign_ids::text[], :actors::text[], :actions::text[],
        :targets::text[], :befores::text[], :afters::text[], :ats::timestamptz[], :request_ids::text[],
        :previous_hashes::bytea[], :hashes::bytea[]
    )
    RETURNING team_id, sequence, hash
)
UPDATE audit_chain c SET sequence = a.sequence, hash = a.hash
FROM (SELECT DISTINCT ON (team_id) * FROM added ORDER BY team_id, sequence DESC) a
WHERE c.team_id = a.team_id

-- name: page_events
-- A team's events, or those of one of its campaigns, newest first, from just before `before` on.
SELECT * FROM audit_event
WHERE team_id = :team_id
  AND (:campaign_id::text IS NULL OR campaign_id = :campaign_id)
  AND (:before::bigint IS NULL OR sequence < :before)
ORDER BY sequence DESC
LIMIT :limit

-- name: heads_since
-- Where the chains end whose team comes after this one, in the order of their teams.
SELECT team_id, sequence, hash FROM audit_chain WHERE team_id > :after ORDER BY team_id LIMIT :limit
