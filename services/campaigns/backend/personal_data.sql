-- name: her_answers
-- What she did here with an idempotency key, as a member of staff.
SELECT operation || '/' || key AS id, operation, key, created_at
FROM idempotency
WHERE actor = :user_id AND operation || '/' || key > :after
ORDER BY operation || '/' || key
LIMIT :limit

-- name: her_uploads
-- What she sent in for a team, as a member of staff.
SELECT id, purpose, state, team_id, campaign_id, filename, content_type, byte_size, created_at
FROM upload
WHERE owner_id = :user_id AND id > :after
ORDER BY id
LIMIT :limit

-- name: erase_uploads
-- What she sent in stays the team's; who sent it, and what she called it, is gone.
UPDATE upload SET owner_id = :nobody, filename = 'erased' WHERE owner_id = :user_id RETURNING 1

-- name: erase_answers
-- What her requests were answered.
DELETE FROM idempotency WHERE actor = :user_id RETURNING 1
