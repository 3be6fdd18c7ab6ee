-- name: her_answers
-- What she did here with an idempotency key, as a member of staff.
SELECT operation || '/' || key AS id, operation, key, created_at
FROM idempotency
WHERE actor = :user_id AND operation || '/' || key > :after
ORDER BY operation || '/' || key
LIMIT :limit

-- name: erase_answers
-- What her requests were answered.
DELETE FROM idempotency WHERE actor = :user_id RETURNING 1
