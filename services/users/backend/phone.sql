-- name: take_quota
-- Counts one message against every counter, or against none when one of them is full; answers the full ones.
-- Everybody locks the day's counter first, so that counters never wait for each other in a circle.
WITH asked AS (
    SELECT * FROM unnest(:scopes::text[], :keys::text[], :caps::int[], :weights::int[], :seconds::int[])
         WITH ORDINALITY AS a (scope, key, cap, weight, seconds, place)
), held AS (
    SELECT c.scope, c.key, c.taken, c.resets_at
    FROM phone_counter c JOIN asked a ON a.scope = c.scope AND a.key = c.key
    ORDER BY a.place
    FOR UPDATE OF c
), exhausted AS (
    SELECT h.scope, h.resets_at
    FROM held h JOIN asked a ON a.scope = h.scope AND a.key = h.key
    WHERE h.resets_at > now() AND h.taken + a.weight > a.cap
), counted AS (
    INSERT INTO phone_counter AS c (scope, key, cap, taken, resets_at)
    SELECT scope, key, cap, weight, now() + make_interval(secs => seconds)
    FROM asked
    WHERE NOT EXISTS (SELECT FROM exhausted) AND weight <= cap
    ORDER BY place
    ON CONFLICT (scope, key) DO UPDATE
    SET cap = excluded.cap,
        taken = CASE WHEN c.resets_at > now() THEN c.taken ELSE 0 END + excluded.taken,
        resets_at = CASE WHEN c.resets_at > now() THEN c.resets_at ELSE excluded.resets_at END
    WHERE c.resets_at <= now() OR c.taken + excluded.taken <= excluded.cap
    RETURNING c.scope
), full_now AS (
    SELECT a.scope, ceil(extract(epoch FROM coalesce(e.resets_at, now() + make_interval(secs => a.seconds)) - now()))::int
           AS wait_seconds
    FROM asked a LEFT JOIN exhausted e ON e.scope = a.scope
    WHERE e.scope IS NOT NULL
       OR NOT EXISTS (SELECT FROM exhausted) AND NOT EXISTS (SELECT FROM counted k WHERE k.scope = a.scope)
)
SELECT f.scope, f.wait_seconds, d.durability
FROM (SELECT set_config('synchronous_commit', :durability, true) AS durability) d LEFT JOIN full_now f ON true

-- name: start_verification
-- Keeps a new code; the user's earlier one is gone with it.
INSERT INTO phone_verification (user_id, id, phone_sealed, code_digest, attempts_left, expires_at, message_sealed, next_send_at)
VALUES (:user_id, :id, :phone_sealed, :code_digest, :attempts, now() + make_interval(secs => :seconds::int),
        :message_sealed, now() + interval '10 seconds')
ON CONFLICT (user_id) DO UPDATE
SET id = excluded.id, phone_sealed = excluded.phone_sealed, code_digest = excluded.code_digest,
    attempts_left = excluded.attempts_left, expires_at = excluded.expires_at, confirmed_at = NULL,
    message_sealed = excluded.message_sealed, send_attempts = 0, next_send_at = excluded.next_send_at
RETURNING expires_at

-- name: mark_sent
-- The message is out; its text is not needed any more.
UPDATE phone_verification SET message_sealed = NULL WHERE id = ANY(:ids::text[])

-- name: postpone_sending
-- The sender did not take these: tried again later, doubling up to a minute.
UPDATE phone_verification
SET send_attempts = send_attempts + 1,
    next_send_at = now() + least(interval '60 seconds', interval '1 second' * power(2, least(send_attempts, 6)))
WHERE id = ANY(:ids::text[])

-- name: lock_unsent
-- Messages that are due, whose code still works, and that nobody else is sending right now.
SELECT id, message_sealed FROM phone_verification
WHERE message_sealed IS NOT NULL AND next_send_at <= now() AND expires_at > now()
ORDER BY next_send_at
LIMIT :limit
FOR UPDATE SKIP LOCKED

-- name: guess
-- Spends one attempt and judges the code in the same step, so that parallel guesses get no more attempts than there are.
UPDATE phone_verification
SET attempts_left = attempts_left - 1, confirmed_at = CASE WHEN code_digest = :code_digest THEN now() END
WHERE user_id = :user_id AND id = :id AND confirmed_at IS NULL AND attempts_left > 0 AND expires_at > now()
RETURNING attempts_left, confirmed_at IS NOT NULL AS correct, phone_sealed

-- name: verification_of_user
-- Why a guess was not judged.
SELECT id, expires_at <= now() AS expired, confirmed_at IS NOT NULL AND code_digest = :code_digest AS confirmed_by_this
FROM phone_verification WHERE user_id = :user_id

-- name: set_phone
-- The confirmed number becomes the user's.
UPDATE app_user
SET phone_sealed = :phone_sealed, phone_lookup = :phone_lookup, phone_verified_at = now(), version = version + 1
WHERE id = :id
RETURNING *

-- name: forget_old_verifications
-- Removes verifications a day after they expired.
DELETE FROM phone_verification WHERE expires_at < now() - interval '1 day'

-- name: forget_old_counters
-- Removes counters whose window is over; the day's stays, for everybody locks it first.
DELETE FROM phone_counter WHERE resets_at < now() AND scope <> 'day'
