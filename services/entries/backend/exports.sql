-- name: insert_export
-- Queues an export of a campaign; nothing when there is no such campaign, or none whose fans' data is shared for SHARING.
INSERT INTO export_job (id, campaign_id, kind, format, compression, purpose, personal_data, states, requested_by)
SELECT :id, c.id, :kind, :format, :compression, :purpose, :personal_data, :states::text[], :requested_by FROM campaign c
WHERE c.id = :campaign_id AND (:purpose <> 'SHARING' OR (c.document->>'shares_fan_data')::boolean IS TRUE)
RETURNING (SELECT team_id FROM campaign WHERE id = :campaign_id) AS team_id

-- name: knows_campaign
-- Whether there is such a campaign.
SELECT true FROM campaign WHERE id = :id

-- name: exports_by_id
-- The exports of these ids as they are at this moment.
SELECT x.*, c.team_id, x.state = 'SUCCEEDED' AND x.expires_at <= now() AS expired,
       x.state = 'SUCCEEDED' AND export_outdated(x.campaign_id, x.purpose, x.as_of, x.finished_at) AS outdated,
       x.purpose = 'SHARING' AND (c.document->>'shares_fan_data')::boolean IS NOT TRUE AS withheld,
       extract(epoch FROM x.expires_at - now())::float8 AS seconds_left
FROM export_job x
JOIN campaign c ON c.id = x.campaign_id
WHERE x.id = ANY(:ids::text[])

-- name: exports_of_campaigns
-- The exports of these campaigns, newest first, the last hundred of each.
SELECT x.*, c.team_id, x.state = 'SUCCEEDED' AND x.expires_at <= now() AS expired,
       x.state = 'SUCCEEDED' AND export_outdated(x.campaign_id, x.purpose, x.as_of, x.finished_at) AS outdated,
       x.purpose = 'SHARING' AND (c.document->>'shares_fan_data')::boolean IS NOT TRUE AS withheld,
       extract(epoch FROM x.expires_at - now())::float8 AS seconds_left
FROM campaign c
CROSS JOIN LATERAL (SELECT * FROM export_job j WHERE j.campaign_id = c.id ORDER BY j.id DESC LIMIT 100) x
WHERE c.id = ANY(:ids::text[])
ORDER BY x.id DESC

-- name: cancel_export
-- Stops an export that is not done; a worker that is on it notices with its next report.
UPDATE export_job x
SET state = 'CANCELLED', finished_at = now()
FROM campaign c
WHERE x.id = :id AND x.state IN ('QUEUED', 'RUNNING') AND c.id = x.campaign_id
RETURNING x.campaign_id, c.team_id

-- name: begin_export
-- Takes up an export that waits, or whose worker died: it starts over, under the next attempt. It will be read by a snapshot that
-- is still to be taken, so it sees all transactions but those that are open now, or begin after now.
UPDATE export_job x
SET state = 'RUNNING', attempt = x.attempt + 1, progress = 0, failure = NULL, key_sealed = :key_sealed,
    as_of = (SELECT least(now(), min(xact_start)) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user)
FROM campaign c
WHERE x.id = :id AND x.state IN ('QUEUED', 'RUNNING') AND c.id = x.campaign_id
RETURNING x.campaign_id, x.kind, x.format, x.compression, x.purpose, x.personal_data, x.states, x.attempt, c.document

-- name: report_export
-- Says how far an attempt is; nothing when it was cancelled or another attempt took over.
UPDATE export_job SET progress = :progress WHERE id = :id AND state = 'RUNNING' AND attempt = :attempt
RETURNING true

-- name: publish_export
-- Publishes the file of an attempt, unless it was cancelled or another attempt took over.
UPDATE export_job
SET state = 'SUCCEEDED', progress = 1, file = :file, row_count = :row_count, byte_size = :byte_size, sha256 = :sha256,
    finished_at = now(), expires_at = now() + make_interval(hours => :hours)
WHERE id = :id AND state = 'RUNNING' AND attempt = :attempt
  AND (purpose <> 'SHARING' OR EXISTS (
      SELECT 1 FROM campaign c WHERE c.id = campaign_id AND (c.document->>'shares_fan_data')::boolean))
RETURNING true

-- name: refuse_sharing
-- Gives up an export for sharing of a campaign whose fans' data is not shared (any more).
UPDATE export_job x SET state = 'FAILED', finished_at = now(), failure = :failure
FROM campaign c
WHERE x.id = :id AND x.state IN ('QUEUED', 'RUNNING') AND x.purpose = 'SHARING'
  AND c.id = x.campaign_id AND (c.document->>'shares_fan_data')::boolean IS NOT TRUE

-- name: fail_export
-- Gives an export up.
UPDATE export_job SET state = 'FAILED', finished_at = now(), failure = :failure
WHERE id = :id AND state IN ('QUEUED', 'RUNNING')

-- name: needed_attempt
-- Which attempt's parts of an export are needed, if any: the published ones, or those that are being written.
SELECT attempt FROM export_job WHERE id = :id AND (state = 'RUNNING' OR state = 'SUCCEEDED' AND expires_at > now())

-- name: due_exports
-- Exports whose files have outlived their time, or somebody in them.
SELECT id FROM export_job
WHERE state = 'SUCCEEDED' AND (expires_at <= now() OR export_outdated(campaign_id, purpose, as_of, finished_at))
ORDER BY expires_at
LIMIT :limit

-- name: expire_exports
-- Marks exports whose files are gone, with the reason where that was not their age.
UPDATE export_job SET state = 'EXPIRED', file = NULL, key_sealed = NULL, failure = CASE WHEN expires_at > now() THEN :outdated::text END
WHERE id = ANY(:ids::text[]) AND state = 'SUCCEEDED'

-- name: expected_rows
-- About how many rows an export will have, to tell its progress; null where nobody here knows.
SELECT CASE :kind
    WHEN 'CODES' THEN NULL
    WHEN 'SELECTIONS' THEN (SELECT count(*) FROM selection WHERE campaign_id = :campaign_id)
    ELSE (SELECT sum(count)::bigint FROM entry_tally_now WHERE campaign_id = :campaign_id AND dimension = 'STATE')
END

-- name: exported_entries
-- Entries of a campaign in id order. For sharing without those who opted out or were erased.
SELECT e.id, e.user_id, e.state, e.country, e.ticket_quantity, array_to_string(e.preferences, ',') AS ranked,
       e.submitted_at, e.updated_at
FROM entry_now e
LEFT JOIN user_fact f ON :sharing AND f.user_id = e.user_id
WHERE e.campaign_id = :campaign_id
  AND (:states::text[] IS NULL OR e.state = ANY(:states::text[]))
  AND (NOT :sharing OR e.state <> 'ERASED' AND f.do_not_sell IS NOT TRUE)
ORDER BY e.id

-- name: exported_eligibility
-- The same with what their eligibility depends on; `key` is equal for fans whom no gate can tell apart.
SELECT e.id, e.user_id, e.state, e.country, e.is_member, e.score, f.phone_verified, f.country AS known_country, f.member_id,
       f.accounts, f.cards, f.tiers, gate_key(e.country, e.is_member, f) AS key, w.entry_id IS NOT NULL AS selected
FROM entry_now e
LEFT JOIN user_fact_now f ON f.user_id = e.user_id
LEFT JOIN winner w ON w.campaign_id = e.campaign_id AND w.entry_id = e.id
WHERE e.campaign_id = :campaign_id
  AND (:states::text[] IS NULL OR e.state = ANY(:states::text[]))
  AND (NOT :sharing OR e.state <> 'ERASED' AND f.do_not_sell IS NOT TRUE)
ORDER BY e.id

-- name: exported_selections
-- Wins in finalized waves of a campaign in id order. For sharing without those who opted out or were erased.
SELECT s.id, s.wave_id, w.name AS wave_name, s.entry_id, s.user_id, s.event_id, s.market_id, s.preference_rank,
       s.ticket_quantity, s.created_at
FROM selection s
JOIN wave w ON w.id = s.wave_id AND w.state = 'FINALIZED'
JOIN entry_now e ON e.campaign_id = s.campaign_id AND e.id = s.entry_id
LEFT JOIN user_fact f ON :sharing AND f.user_id = s.user_id
WHERE s.campaign_id = :campaign_id
  AND (:states::text[] IS NULL OR e.state = ANY(:states::text[]))
  AND (NOT :sharing OR e.state <> 'ERASED' AND f.do_not_sell IS NOT TRUE)
ORDER BY s.id

-- name: unshared
-- Who of these users is in no export for sharing.
SELECT user_id FROM user_fact WHERE user_id = ANY(:user_ids::text[]) AND do_not_sell

-- name: export_times
-- How long exports of the last day took, from the request to the file, in seconds: the newest, the longest (one under way counts
-- as long as it has taken so far), and the slowest pace of one with enough rows to have a pace.
SELECT coalesce((array_agg(seconds ORDER BY id DESC) FILTER (WHERE finished_at IS NOT NULL))[1], 0)::float8 AS newest,
       coalesce(max(seconds), 0)::float8 AS longest,
       coalesce(max(seconds * 100000 / row_count) FILTER (WHERE row_count >= 10000), 0)::float8 AS per_100k
FROM (
    SELECT id, row_count, finished_at, extract(epoch FROM coalesce(finished_at, now()) - created_at) AS seconds
    FROM export_job
    WHERE state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'EXPIRED') AND created_at > now() - interval '1 day'
) AS recent
