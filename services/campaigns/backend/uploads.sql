-- name: insert_upload
-- Promises an upload to a campaign or a team; nothing when there is no such campaign.
INSERT INTO upload (id, purpose, team_id, campaign_id, owner_id, filename, declared_type, declared_size, link_expires_at)
SELECT :id::text, :purpose::text, coalesce(c.team_id, :team_id::text), c.id, :owner_id::text, :filename::text,
       :declared_type::text, :declared_size::bigint, now() + make_interval(secs => :link_seconds::float8)
FROM (SELECT) AS one
LEFT JOIN campaign c ON c.id = :campaign_id::text
WHERE :campaign_id IS NULL OR c.id IS NOT NULL
RETURNING team_id

-- name: uploads_by_id
-- The uploads of these ids as they are at this moment.
SELECT id, purpose, upload_state_now(state, link_expires_at) AS state, team_id, campaign_id, owner_id, filename, file,
       coalesce(byte_size, declared_size) AS byte_size, content_type, sha256, failure_code, failure, created_at,
       link_expires_at, expires_at, greatest(extract(epoch FROM link_expires_at - now()), 0)::float8 AS link_seconds
FROM upload
WHERE id = ANY(:ids::text[])

-- name: awaited_upload
-- What may arrive under a link: nothing once something has, or once the link is too old.
SELECT declared_size FROM upload WHERE id = :id AND upload_state_now(state, link_expires_at) = 'PENDING'

-- name: receive_upload
-- Takes what arrived, if nothing else did before and the link is still good.
UPDATE upload SET state = 'PROCESSING', received = :received
WHERE id = :id AND upload_state_now(state, link_expires_at) = 'PENDING'
RETURNING true

-- name: awaited_uploads
-- What may have arrived at the object store behind our back: links that are good, oldest first.
SELECT id FROM upload WHERE state = 'PENDING' AND link_expires_at > now() ORDER BY link_expires_at LIMIT :limit

-- name: received_upload
-- An upload that waits to be checked.
SELECT id, purpose, declared_size, received FROM upload WHERE id = :id AND state = 'PROCESSING'

-- name: publish_upload
-- Makes the checked file the upload's, unless another attempt was first.
UPDATE upload
SET state = 'READY', file = :file, content_type = :content_type, byte_size = :byte_size, sha256 = :sha256,
    expires_at = now() + make_interval(hours => :keep_hours)
WHERE id = :id AND state = 'PROCESSING'
RETURNING true

-- name: reject_upload
-- Says why what arrived is not taken.
UPDATE upload SET state = 'REJECTED', failure_code = :code, failure = :message WHERE id = :id AND state = 'PROCESSING'

-- name: kept_file
-- Whether an upload is settled, and which of its files is to stay.
SELECT file FROM upload WHERE id = :id AND state IN ('READY', 'REJECTED', 'EXPIRED')

-- name: expire_uploads
-- Ends links that nobody used, and checked files that nothing uses any more.
UPDATE upload SET state = 'EXPIRED', file = NULL, cleared_at = NULL
WHERE id IN (
    SELECT id FROM upload
    WHERE state = 'PENDING' AND link_expires_at <= now()
       OR state = 'READY' AND expires_at <= now()
          AND NOT EXISTS (SELECT 1 FROM campaign c WHERE c.hero_upload_id = upload.id)
    ORDER BY id
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)
RETURNING id

-- name: uncleared_uploads
-- Settled uploads whose left-overs are still there, once nothing can arrive any more.
SELECT id FROM upload
WHERE cleared_at IS NULL AND state IN ('READY', 'REJECTED', 'EXPIRED') AND link_expires_at <= now()
ORDER BY link_expires_at
LIMIT :limit

-- name: mark_cleared
-- Notes that only what is to stay is left.
UPDATE upload SET cleared_at = now() WHERE id = :id AND state IN ('READY', 'REJECTED', 'EXPIRED')

-- name: release_hero
-- Begins the time of the picture that a claimed campaign gives up; it stays as long as another campaign uses it.
UPDATE upload SET expires_at = now() + make_interval(hours => :keep_hours)
WHERE id = (SELECT hero_upload_id FROM campaign WHERE id = :campaign_id) AND id IS DISTINCT FROM :upload_id::text

-- name: hold_hero
-- Keeps a picture for a claimed campaign for good, if it can be used.
UPDATE upload u SET expires_at = NULL
FROM campaign c
WHERE c.id = :campaign_id AND u.id = :upload_id AND u.team_id = c.team_id AND u.purpose = 'HERO_IMAGE' AND u.state = 'READY'
RETURNING u.id

-- name: set_hero
-- Shows a picture on a claimed campaign, or none.
UPDATE campaign SET hero_upload_id = :upload_id WHERE id = :campaign_id
