-- name: webhooks
-- Webhooks by their ids or their teams'; of a team those that are not deleted.
SELECT id, team_id, url_sealed, events, active, failures, secret_sealed, created_at, deleted_at,
       CASE WHEN old_secret_until > now() THEN old_secret_until END AS old_secret_until
FROM webhook WHERE id = ANY(:ids::text[]) OR team_id = ANY(:team_ids::text[]) AND deleted_at IS NULL
ORDER BY id

-- name: make_webhook
-- Puts a webhook into the team's first free place; answers nothing when somebody else took it, or when none is free.
INSERT INTO webhook (id, team_id, place, url_sealed, events, secret_sealed)
SELECT :id, :team_id, min(place), :url_sealed, :events::text[], :secret_sealed
FROM generate_series(1, :most::int) AS free (place)
WHERE NOT EXISTS (SELECT FROM webhook w WHERE w.team_id = :team_id AND w.place = free.place)
HAVING count(*) > 0
ON CONFLICT (team_id, place) DO NOTHING
RETURNING id

-- name: count_webhooks
-- How many webhooks a team has.
SELECT count(*) FROM webhook WHERE team_id = :team_id AND deleted_at IS NULL

-- name: change_webhook
-- Changes what is given. A receiver that is changed or switched on again is tried at once.
UPDATE webhook
SET url_sealed = coalesce(:url_sealed, url_sealed), events = coalesce(:events::text[], events),
    active = coalesce(:active::boolean, active), failures = 0, resume_at = now()
WHERE id = :id AND deleted_at IS NULL
RETURNING id

-- name: rotate_secret
-- Signs with a new secret from now on, and with the old one too for a day.
UPDATE webhook
SET old_secret_sealed = secret_sealed, old_secret_until = now() + interval '1 day', secret_sealed = :secret_sealed
WHERE id = :id AND deleted_at IS NULL
RETURNING id

-- name: delete_webhook
-- Ends a webhook and forgets what was sent to it.
WITH sent AS (DELETE FROM webhook_delivery WHERE webhook_id = :id)
UPDATE webhook SET deleted_at = now(), active = false, place = NULL WHERE id = :id AND deleted_at IS NULL
RETURNING id

-- name: subscriptions
-- Which events these teams want to be told of.
SELECT DISTINCT team_id, unnest(events) AS event FROM webhook WHERE active AND team_id = ANY(:team_ids::text[])

-- name: announce
-- Puts events in line for every webhook that wants them.
INSERT INTO webhook_delivery (webhook_id, event_id, event, body)
SELECT w.id, e.id, e.event, e.body
FROM unnest(:ids::text[], :team_ids::text[], :events::text[], :bodies::bytea[]) AS e (id, team_id, event, body)
JOIN webhook w ON w.team_id = e.team_id AND w.active AND e.event = ANY(w.events)
ORDER BY w.id, e.id
ON CONFLICT DO NOTHING

-- name: claim_due
-- Takes deliveries that are due, some of each receiver, and says when they are due again should this attempt be lost.
WITH due AS (
    SELECT d.webhook_id, d.event_id
    FROM webhook w
    CROSS JOIN LATERAL (
        SELECT webhook_id, event_id FROM webhook_delivery
        WHERE webhook_id = w.id AND state = 'PENDING' AND next_attempt_at <= now()
        ORDER BY next_attempt_at, event_id
        LIMIT :each
        FOR UPDATE SKIP LOCKED
    ) AS d
    WHERE w.active AND w.resume_at <= now()
    LIMIT :limit
)
UPDATE webhook_delivery d
SET attempts = d.attempts + 1,
    next_attempt_at = now() + least(interval '6 hours', interval '30 seconds' * power(2, least(d.attempts, 10)))
FROM due JOIN webhook w ON w.id = due.webhook_id
WHERE d.webhook_id = due.webhook_id AND d.event_id = due.event_id
RETURNING d.webhook_id, d.event_id, d.event, d.body, d.attempts, w.url_sealed, w.secret_sealed,
          CASE WHEN w.old_secret_until > now() THEN w.old_secret_sealed END AS old_secret_sealed

-- name: settle_deliveries
-- Notes what became of attempts; the last one of a delivery that failed gives it up.
WITH results AS (
    SELECT * FROM unnest(:webhook_ids::text[], :event_ids::text[], :statuses::int[], :failures::text[])
        AS r (webhook_id, event_id, status, failure)
),
noted AS (
    UPDATE webhook_delivery d
    SET status = r.status, failure = r.failure,
        state = CASE WHEN r.failure IS NULL THEN 'SUCCEEDED' WHEN d.attempts >= :most THEN 'GAVE_UP' ELSE 'PENDING' END,
        finished_at = CASE WHEN r.failure IS NULL OR d.attempts >= :most THEN now() END
    FROM results r
    WHERE d.webhook_id = r.webhook_id AND d.event_id = r.event_id AND d.state = 'PENDING'
),
receivers AS (
    SELECT webhook_id, bool_or(failure IS NULL) AS answers FROM results GROUP BY webhook_id
)
UPDATE webhook w
SET failures = CASE WHEN r.answers THEN 0 ELSE w.failures + 1 END,
    resume_at = now() + CASE
        WHEN r.answers THEN interval '0'
        ELSE least(interval '5 minutes', interval '5 seconds' * power(2, least(w.failures, 6)))
    END
FROM receivers r
WHERE w.id = r.webhook_id

-- name: redeliver
-- Puts a delivery in line again, with its attempts before it, and lets its receiver be tried at once.
WITH again AS (
    UPDATE webhook_delivery
    SET state = 'PENDING', attempts = 0, next_attempt_at = now(), finished_at = NULL
    WHERE webhook_id = :webhook_id AND event_id = :event_id
    RETURNING webhook_id, body
)
UPDATE webhook w SET resume_at = now() FROM again WHERE w.id = again.webhook_id
RETURNING w.team_id, again.body

-- name: deliveries
-- Deliveries of webhooks, newest first, each list with one row more than its limit when more follow.
SELECT p.place, d.*
FROM unnest(:webhook_ids::text[], :afters::text[], :limits::int[]) WITH ORDINALITY AS p (webhook_id, after, size, place)
CROSS JOIN LATERAL (
    SELECT webhook_id, event_id, event, state, attempts, status, failure, created_at, finished_at,
           CASE WHEN state = 'PENDING' THEN next_attempt_at END AS next_attempt_at
    FROM webhook_delivery n
    WHERE n.webhook_id = p.webhook_id AND (p.after IS NULL OR n.event_id < p.after)
    ORDER BY n.event_id DESC
    LIMIT p.size + 1
) AS d
ORDER BY p.place, d.event_id DESC

-- name: delivery
-- One delivery.
SELECT webhook_id, event_id, event, state, attempts, status, failure, created_at, finished_at,
       CASE WHEN state = 'PENDING' THEN next_attempt_at END AS next_attempt_at
FROM webhook_delivery WHERE webhook_id = :webhook_id AND event_id = :event_id

-- name: forget_deliveries
-- Forgets deliveries that ended a month ago.
DELETE FROM webhook_delivery
WHERE (webhook_id, event_id) IN (
    SELECT webhook_id, event_id FROM webhook_delivery
    WHERE state <> 'PENDING' AND finished_at < now() - interval '30 days' LIMIT :limit
)
