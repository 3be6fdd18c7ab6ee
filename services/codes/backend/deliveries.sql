-- name: queue_deliveries
-- Puts a first message in line for every code of a distribution that is released and has none.
INSERT INTO delivery (code_id, number, distribution_id)
SELECT a.code_id, 1, a.distribution_id
FROM assignment a JOIN distribution d ON d.id = a.distribution_id
WHERE a.distribution_id = :distribution_id AND d.released_at IS NOT NULL AND a.voided_at IS NULL
ON CONFLICT DO NOTHING

-- name: queue_again
-- Puts one more message in line for a released code that is still good; nothing when the last is younger than the pause,
-- when there were as many as there may be, or when somebody else asked at the same moment.
INSERT INTO delivery (code_id, number, distribution_id)
SELECT a.code_id, last.number + 1, a.distribution_id
FROM assignment a
JOIN distribution d ON d.id = a.distribution_id AND d.released_at IS NOT NULL
JOIN code_pool p ON p.id = a.pool_id
LEFT JOIN campaign_event e ON e.id = p.event_id
CROSS JOIN LATERAL (
    SELECT coalesce(max(number), 0) AS number, max(created_at) AS created_at FROM delivery WHERE code_id = a.code_id
) AS last
WHERE a.code_id = :code_id AND last.number < :most
  AND held_state(a.redeemed_at, a.voided_at, a.expired_at, e.id, e.presale_closes_at) = 'ASSIGNED'
  AND (last.created_at IS NULL OR last.created_at <= now() - make_interval(secs => :pause_seconds::int))
ON CONFLICT DO NOTHING
RETURNING number

-- name: resendable
-- Why a code is not sent again: how many messages there were, in how many seconds the next may follow, and whether the code
-- is one to send at all.
SELECT d.released_at IS NOT NULL
       AND held_state(a.redeemed_at, a.voided_at, a.expired_at, e.id, e.presale_closes_at) = 'ASSIGNED' AS sendable,
       count(y.number)::int AS messages,
       ceil(extract(epoch FROM max(y.created_at) - now()) + :pause_seconds::int)::int AS wait_seconds
FROM assignment a
JOIN distribution d ON d.id = a.distribution_id
JOIN code_pool p ON p.id = a.pool_id
LEFT JOIN campaign_event e ON e.id = p.event_id
LEFT JOIN delivery y ON y.code_id = a.code_id AND y.place = 1
WHERE a.code_id = :code_id
GROUP BY a.code_id, d.id, e.id

-- name: lease_due
-- Takes messages that are due, for a minute: nobody else looks at them meanwhile, and a worker that dies loses nothing.
WITH due AS (
    SELECT code_id, number, place FROM delivery
    WHERE state = 'QUEUED' AND next_attempt_at <= now()
    ORDER BY next_attempt_at, code_id
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
),
leased AS (
    UPDATE delivery y SET next_attempt_at = now() + interval '1 minute', attempts = y.attempts + 1
    FROM due WHERE y.code_id = due.code_id AND y.number = due.number AND y.place = due.place
    RETURNING y.code_id, y.number, y.place, y.channel, y.attempts
)
SELECT l.code_id, l.number, l.place, l.channel, l.attempts, c.sealed, a.user_id, e.name AS event, k.slug, k.default_locale,
       k.titles, k.sms_templates
FROM leased l
JOIN assignment a ON a.code_id = l.code_id
JOIN code c ON c.id = l.code_id
JOIN code_pool p ON p.id = c.pool_id
JOIN campaign k ON k.id = p.campaign_id
LEFT JOIN campaign_event e ON e.id = p.event_id

-- name: begin_sending
-- The point of no return: from here on the code counts as seen, and this message is never sent again by itself. Nothing
-- when somebody else passed it first, or when the code was voided.
WITH held AS (
    SELECT code_id FROM assignment WHERE code_id = :code_id AND voided_at IS NULL FOR UPDATE
),
begun AS (
    UPDATE delivery y SET state = 'SENDING', channel = :channel, sending_at = now()
    FROM held WHERE y.code_id = held.code_id AND y.number = :number AND y.place = :place AND y.state = 'QUEUED'
    RETURNING y.code_id
)
UPDATE assignment a SET revealed_at = coalesce(a.revealed_at, now()) FROM begun WHERE a.code_id = begun.code_id
RETURNING a.code_id

-- name: note_sent
-- The network took the message. Under which id is kept while the code has an owner: there it leads to her address. The lock
-- waits for an erasure under way, and for the owner that it leaves.
UPDATE delivery y
SET state = 'SENT', finished_at = now(), provider_id = CASE WHEN a.user_id <> :nobody THEN :provider_id::text END
FROM (SELECT code_id, user_id FROM assignment WHERE code_id = :code_id FOR SHARE) a
WHERE y.code_id = a.code_id AND y.number = :number AND y.place = :place AND y.state = 'SENDING'

-- name: note_failed
-- The message will not arrive; with `other` the other channel is tried.
WITH failed AS (
    UPDATE delivery SET state = 'FAILED', channel = coalesce(:channel, channel), failure = :failure, finished_at = now()
    WHERE code_id = :code_id AND number = :number AND place = :place AND state IN ('QUEUED', 'SENDING')
    RETURNING code_id, number, distribution_id
)
INSERT INTO delivery (code_id, number, place, distribution_id, channel)
SELECT code_id, number, 2, distribution_id, :other::text FROM failed WHERE :other::text IS NOT NULL
ON CONFLICT DO NOTHING

-- name: put_back
-- The message was certainly not taken: in line again, after a pause.
UPDATE delivery
SET state = 'QUEUED', sending_at = NULL, next_attempt_at = now() + make_interval(secs => :seconds::float8)
WHERE code_id = :code_id AND number = :number AND place = :place AND state IN ('QUEUED', 'SENDING')

-- name: give_up_unknown
-- Whoever was sending these died, or never heard the answer. They may have arrived, so they are not sent again.
UPDATE delivery SET state = 'FAILED', failure = 'UNKNOWN_OUTCOME', finished_at = now()
WHERE state = 'SENDING' AND sending_at < now() - interval '2 minutes'

-- name: deliveries
-- What was sent to bring codes to their owners, oldest first.
SELECT code_id, channel, state, failure, created_at, coalesce(finished_at, sending_at, created_at) AS at
FROM delivery WHERE code_id = ANY(:code_ids::text[])
ORDER BY code_id, number, place
