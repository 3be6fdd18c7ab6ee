-- name: mark_sent
-- The message is out, or not to be sent at all; its text is not needed any more.
UPDATE phone_verification SET message_sealed = NULL WHERE message_sealed IS NOT NULL AND id = ANY(:ids::text[])

-- name: end_refused
-- No code will ever reach these: they end here, and nobody waits for one.
UPDATE phone_verification SET message_sealed = NULL, attempts_left = 0, expires_at = now() WHERE id = ANY(:ids::text[])

-- name: postpone_sending
-- The network did not take these: tried again after the wait that it asked for, at least doubling up to a minute.
UPDATE phone_verification v
SET send_attempts = v.send_attempts + 1,
    next_send_at = now() + make_interval(secs => greatest(p.seconds, least(60, power(2, least(v.send_attempts, 6)))))
FROM unnest(:ids::text[], :seconds::float8[]) AS p (id, seconds)
WHERE v.id = p.id AND v.message_sealed IS NOT NULL

-- name: claim_unsent
-- Takes messages that are due and whose code still works, for half a minute: no other worker sends them meanwhile, and
-- if this one dies another takes them then.
UPDATE phone_verification v
SET next_send_at = now() + interval '30 seconds'
FROM (
    SELECT user_id FROM phone_verification
    WHERE message_sealed IS NOT NULL AND next_send_at <= now() AND expires_at > now()
    ORDER BY next_send_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
) due
WHERE v.user_id = due.user_id
RETURNING v.message_sealed
