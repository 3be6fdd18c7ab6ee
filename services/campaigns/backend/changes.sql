-- name: campaigns_by_key
-- The campaigns of these ids and slugs, and those that these markets and events belong to, each once.
SELECT document FROM campaign_document
WHERE id = ANY(
    SELECT unnest(:ids::text[])
    UNION SELECT id FROM campaign WHERE slug = ANY(:slugs::text[])
    UNION SELECT campaign_id FROM market WHERE id = ANY(:market_ids::text[])
    UNION SELECT campaign_id FROM event WHERE id = ANY(:event_ids::text[])
)

-- name: claim
-- Takes the next version for a change, if the campaign is at the expected version and in a state that allows the change.
UPDATE campaign SET version = version + 1, updated_at = now()
WHERE id = :id
  AND version = coalesce(:expected_version::bigint, version)
  AND state_now(state, opens_at, closes_at) = ANY(:states::text[])
RETURNING version

-- name: standing
-- Why a claim failed: the version and state of this moment.
SELECT version, state_now(state, opens_at, closes_at) AS state FROM campaign WHERE id = :id

-- name: moment
-- The moment that counts for this transaction.
SELECT now()

-- name: lock_due
-- Locks campaigns whose stored state lags behind what their windows say.
SELECT id, state FROM campaign
WHERE state IN ('SCHEDULED', 'OPEN', 'PAUSED')
  AND least(closes_at, CASE state WHEN 'SCHEDULED' THEN opens_at END) <= now()
ORDER BY id
LIMIT :limit
FOR UPDATE SKIP LOCKED

-- name: apply_windows
-- Opens and closes locked campaigns as their windows say.
UPDATE campaign
SET state = state_now(state, opens_at, closes_at), version = version + 1, updated_at = now()
WHERE id = ANY(:ids::text[])
