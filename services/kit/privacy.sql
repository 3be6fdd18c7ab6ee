-- name: announce
-- Puts up the tombstone: from its commit on, nothing of her sign-ins until then is taken any more.
INSERT INTO erasure (request_id, user_id, until, version)
VALUES (:request_id, :user_id, :until, :version)
ON CONFLICT (request_id) DO NOTHING

-- name: lock_erasure
-- How far an erasure is; whoever works on it too waits here.
SELECT record_count, digest, erased_at FROM erasure WHERE request_id = :request_id FOR UPDATE

-- name: conclude
-- Keeps the receipt of an erasure.
UPDATE erasure SET record_count = :record_count, digest = :digest, erased_at = now()
WHERE request_id = :request_id
RETURNING record_count, digest, erased_at
