-- name: claim
-- Takes the key for this transaction; waits for another that holds it, and answers nothing if that one commits.
INSERT INTO idempotency (actor, operation, key, digest) VALUES (:actor, :operation, :key, :digest)
ON CONFLICT DO NOTHING
RETURNING true

-- name: remember
-- Keeps the answer to replay.
UPDATE idempotency SET answer = :answer::jsonb WHERE actor = :actor AND operation = :operation AND key = :key

-- name: release
-- Lets the key be used as if for the first time.
DELETE FROM idempotency WHERE actor = :actor AND operation = :operation AND key = :key

-- name: recall
-- What the first call with this key asked and was answered.
SELECT digest, answer FROM idempotency WHERE actor = :actor AND operation = :operation AND key = :key

-- name: expire
-- Drops keys that are older than their period, some at a time, the oldest first; leaves those that a request holds.
WITH gone AS (
    DELETE FROM idempotency
    WHERE (actor, operation, key) IN (
        SELECT actor, operation, key FROM idempotency
        WHERE created_at < now() - make_interval(days => :days)
        ORDER BY created_at
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
    RETURNING key
)
SELECT count(*) FROM gone
