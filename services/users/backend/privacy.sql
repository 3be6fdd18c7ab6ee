-- name: open_request
-- A new request of somebody who is there and not leaving; nothing when she has one of the kind under way. She stays until
-- this transaction ends: an erasure that comes meanwhile finds the request.
INSERT INTO privacy_request (id, user_id, kind, locale)
SELECT :id, u.id, :kind, CASE WHEN :kind = 'ACCESS' THEN coalesce(:locale, u.locale) END
FROM (SELECT id, locale FROM app_user WHERE id = :user_id FOR KEY SHARE) u
WHERE NOT EXISTS (SELECT FROM erasure x WHERE x.user_id = u.id AND x.erased_at IS NULL)
ON CONFLICT (user_id, kind) WHERE state IN ('QUEUED', 'RUNNING') DO NOTHING
RETURNING id

-- name: await_receipts
-- What is to be heard from each service.
INSERT INTO privacy_receipt (request_id, service) SELECT :id, unnest(:services::text[])

-- name: close_account
-- The tombstone of a new erasure: from now on her sign-ins so far make nothing any more.
INSERT INTO erasure (request_id, user_id, until, version)
SELECT id, user_id, created_at, 0 FROM privacy_request WHERE id = :id

-- name: latest_request
-- Her last request of a kind that is under way, or that erased her.
SELECT id FROM privacy_request
WHERE user_id = :user_id AND kind = :kind AND (state IN ('QUEUED', 'RUNNING') OR kind = 'ERASURE')
ORDER BY id DESC
LIMIT 1

-- name: is_erased
-- Whether this account was, or is being, erased.
SELECT EXISTS (SELECT FROM erasure WHERE user_id = :user_id)

-- name: requests
-- A user's own requests, by their ids or all of them, newest first, with their receipts.
SELECT r.*, r.state = 'SUCCEEDED' AND r.expires_at <= now() AS expired,
       extract(epoch FROM r.expires_at - now())::float8 AS seconds_left,
       (SELECT jsonb_agg(jsonb_build_object(
            'service', c.service, 'state', c.state, 'record_count', c.record_count, 'digest', encode(c.digest, 'hex'), 'at', c.at)
            ORDER BY c.service) FROM privacy_receipt c WHERE c.request_id = r.id) AS receipts
FROM privacy_request r
WHERE r.user_id = :user_id AND (:ids::text[] IS NULL OR r.id = ANY(:ids::text[]))
ORDER BY r.id DESC
LIMIT 100

-- name: claim
-- Takes up the request of a kind that has waited longest, or whose worker is silent for longer than its lease.
UPDATE privacy_request
SET state = 'RUNNING', attempt = attempt + 1, next_attempt_at = now() + make_interval(secs => :lease_seconds),
    has_files = kind = 'ACCESS'
WHERE id = (
    SELECT id FROM privacy_request
    WHERE kind = :kind AND state IN ('QUEUED', 'RUNNING') AND next_attempt_at <= now()
    ORDER BY next_attempt_at
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING id, user_id, locale, attempt, created_at

-- name: renew
-- Says that this attempt is alive; nothing when it was called off or another took over.
UPDATE privacy_request SET next_attempt_at = now() + make_interval(secs => :lease_seconds)
WHERE id = :id AND attempt = :attempt AND state = 'RUNNING'
RETURNING true

-- name: postpone
-- Tries again later, doubling up to five minutes.
UPDATE privacy_request
SET next_attempt_at = now() + least(interval '5 minutes', interval '1 second' * power(2, least(attempt, 9)))
WHERE id = :id AND attempt = :attempt AND state = 'RUNNING'

-- name: awaited_services
-- The services whose receipt is still awaited.
SELECT service FROM privacy_receipt WHERE request_id = :id AND state = 'QUEUED'

-- name: version_of_erasure
-- The version above all that were published of somebody who is erased.
SELECT version FROM erasure WHERE request_id = :id

-- name: keep_receipts
-- What services answered; a receipt that is there stays.
UPDATE privacy_receipt r
SET state = 'SUCCEEDED', record_count = g.record_count, digest = g.digest, at = coalesce(g.at, now())
FROM unnest(:services::text[], :record_counts::int[], :digests::bytea[], :ats::timestamptz[]) AS g (service, record_count, digest, at)
WHERE r.request_id = :id AND r.service = g.service AND r.state = 'QUEUED'

-- name: conclude_erasure
-- The end of an erasure, once every receipt is there.
UPDATE privacy_request p SET state = 'SUCCEEDED', finished_at = now()
WHERE p.id = :id AND p.state = 'RUNNING'
  AND NOT EXISTS (SELECT FROM privacy_receipt r WHERE r.request_id = p.id AND r.state = 'QUEUED')
RETURNING true

-- name: publish_archive
-- Publishes the archive of an attempt, unless it was called off or another took over.
UPDATE privacy_request
SET state = 'SUCCEEDED', finished_at = now(), file = :file, file_key_sealed = :file_key_sealed, byte_size = :byte_size,
    sha256 = :sha256, expires_at = now() + make_interval(hours => :hours)
WHERE id = :id AND attempt = :attempt AND state = 'RUNNING'
RETURNING true

-- name: replace_archives
-- Ends the archives that came before the one that was published just now: of somebody's data there is one copy at a time.
UPDATE privacy_request
SET state = 'EXPIRED', file = NULL, file_key_sealed = NULL
WHERE user_id = :user_id AND kind = 'ACCESS' AND state = 'SUCCEEDED' AND id <> :id

-- name: give_up_archive
-- Gives an archive up that failed again and again.
UPDATE privacy_request SET state = 'FAILED', finished_at = now(), failure = :failure
WHERE id = :id AND attempt = :attempt AND state = 'RUNNING' AND kind = 'ACCESS'

-- name: end_archives
-- Archives of somebody who is being erased: nobody can open what is left of them.
UPDATE privacy_request
SET state = CASE WHEN state IN ('QUEUED', 'RUNNING') THEN 'CANCELLED' WHEN state = 'SUCCEEDED' THEN 'EXPIRED' ELSE state END,
    finished_at = coalesce(finished_at, now()), file = NULL, file_key_sealed = NULL, locale = NULL
WHERE user_id = :user_id AND kind = 'ACCESS'
RETURNING 1

-- name: stale_archives
-- Requests with files that nobody may have any more.
SELECT id FROM privacy_request
WHERE has_files AND (state IN ('FAILED', 'CANCELLED', 'EXPIRED') OR state = 'SUCCEEDED' AND expires_at <= now())
ORDER BY id
LIMIT :limit

-- name: stale_archives_of_user
-- A user's requests with files that nobody may have any more.
SELECT id FROM privacy_request WHERE user_id = :user_id AND has_files AND state IN ('FAILED', 'CANCELLED', 'EXPIRED')

-- name: forget_archives
-- Marks requests whose files are gone.
UPDATE privacy_request
SET has_files = false, file = NULL, file_key_sealed = NULL, state = CASE WHEN state = 'SUCCEEDED' THEN 'EXPIRED' ELSE state END
WHERE id = ANY(:ids::text[])

-- name: published_archive
-- The published archive of a request, while it may be had and its owner is still the one who asked.
SELECT r.file, r.file_key_sealed, r.byte_size
FROM privacy_request r
JOIN app_user u ON u.id = r.user_id AND u.created_at <= r.created_at
WHERE r.id = :id AND r.state = 'SUCCEEDED' AND r.expires_at > now()
  AND NOT EXISTS (SELECT FROM erasure x WHERE x.user_id = u.id AND x.erased_at IS NULL)

-- name: overdue
-- How many requests are past the day by which the law wants them done.
SELECT count(*) FROM privacy_request WHERE state IN ('QUEUED', 'RUNNING') AND due_at < now()
