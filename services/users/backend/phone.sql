-- name: lock_counters
-- Whoever counts waits here for the one before: what is read next stays true until the commit.
SELECT FROM phone_counter WHERE scope = 'day' FOR UPDATE

-- name: running_counters
-- The ones of these counters whose window is not over, and in how many seconds it is.
SELECT c.scope, c.key, c.taken, ceil(extract(epoch FROM c.resets_at - now()))::int AS wait_seconds
FROM phone_counter c
JOIN unnest(:scopes::text[], :keys::text[]) AS a (scope, key) ON a.scope = c.scope AND a.key = c.key
WHERE c.resets_at > now()

-- name: add_to_counters
-- Adds to counters; one whose window is over starts a new one.
INSERT INTO phone_counter AS c (scope, key, taken, resets_at)
SELECT scope, key, weight, now() + make_interval(secs => seconds)
FROM unnest(:scopes::text[], :keys::text[], :weights::int[], :seconds::int[]) AS a (scope, key, weight, seconds)
ON CONFLICT (scope, key) DO UPDATE
SET taken = CASE WHEN c.resets_at > now() THEN c.taken ELSE 0 END + excluded.taken,
    resets_at = CASE WHEN c.resets_at > now() THEN c.resets_at ELSE excluded.resets_at END

-- name: start_verifications
-- Keeps new codes of users that exist, one a user; her earlier one is gone with it.
INSERT INTO phone_verification (user_id, id, phone_sealed, code_digest, message_sealed, attempts_left, expires_at, next_send_at)
SELECT n.user_id, n.id, n.phone_sealed, n.code_digest, n.message_sealed, :attempts,
       now() + make_interval(secs => :seconds::int), now() + interval '10 seconds'
FROM unnest(:user_ids::text[], :ids::text[], :phones_sealed::bytea[], :code_digests::bytea[], :messages_sealed::bytea[])
     AS n (user_id, id, phone_sealed, code_digest, message_sealed)
JOIN app_user u ON u.id = n.user_id
ORDER BY n.user_id
ON CONFLICT (user_id) DO UPDATE
SET id = excluded.id, phone_sealed = excluded.phone_sealed, code_digest = excluded.code_digest,
    attempts_left = excluded.attempts_left, expires_at = excluded.expires_at, confirmed_at = NULL,
    message_sealed = excluded.message_sealed, send_attempts = 0, next_send_at = excluded.next_send_at
RETURNING user_id, expires_at

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

-- name: lock_number
-- Whoever confirms a number waits here for whoever else is confirming it: their accounts are counted after.
INSERT INTO phone_counter AS c (scope, key, taken, resets_at) VALUES ('accounts', :key, 0, now())
ON CONFLICT (scope, key) DO UPDATE SET resets_at = now()

-- name: set_phone
-- The confirmed number becomes the user's, unless it is that of as many other accounts as a number may confirm.
UPDATE app_user
SET phone_sealed = :phone_sealed, phone_lookup = :phone_lookup, phone_verified_at = now(),
    phone_since = coalesce(phone_since, now()), version = version + 1
WHERE id = :id AND (SELECT count(*) FROM app_user o WHERE o.phone_lookup = :phone_lookup AND o.id <> :id) < :accounts::int
RETURNING *

-- name: forget_old_verifications
-- Removes verifications a day after they expired.
DELETE FROM phone_verification WHERE expires_at < now() - interval '1 day'

-- name: forget_old_counters
-- Removes counters whose window is over; the day's stays, for everybody locks it first.
DELETE FROM phone_counter WHERE resets_at < now() AND scope <> 'day'
