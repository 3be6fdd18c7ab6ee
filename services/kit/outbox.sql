-- name: publish
-- Adds one row per message and target; part of the publishing transaction. The worker leaves the publisher time to
-- deliver them itself.
INSERT INTO outbox (id, topic, target, body, next_attempt_at)
SELECT message.id, :topic::text, message.target, message.body, now() + interval '4 seconds'
FROM unnest(:ids::text[], :targets::text[], :bodies::bytea[]) AS message (id, target, body)

-- name: lock_ids
-- The given messages that are still there, once nobody else is delivering them.
SELECT id, topic, target, body FROM outbox WHERE id = ANY(:ids::text[]) ORDER BY id FOR UPDATE

-- name: lock_due
-- The oldest messages that are due and that nobody else is delivering right now.
SELECT id, topic, target, body FROM outbox
WHERE next_attempt_at <= now()
ORDER BY next_attempt_at, id
LIMIT :limit
FOR UPDATE SKIP LOCKED

-- name: settle
-- Forgets what was taken and postpones the rest, doubling up to a minute.
WITH gone AS (DELETE FROM outbox WHERE id = ANY(:taken::text[]))
UPDATE outbox
SET attempts = attempts + 1,
    next_attempt_at = now() + least(interval '60 seconds', interval '1 second' * power(2, least(attempts, 6)))
WHERE id = ANY(:postponed::text[])

-- name: of_topic
-- All waiting messages of a topic.
SELECT id, body FROM outbox WHERE topic = :topic

-- name: forget
-- Removes messages that must not be delivered any more; waits for whoever is delivering one.
DELETE FROM outbox WHERE id = ANY(:ids::text[])
