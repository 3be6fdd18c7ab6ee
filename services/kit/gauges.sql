-- name: jobs
-- How many jobs of this service are due, meant for later, being done, or have failed for good.
SELECT count(*) FILTER (WHERE status = 'todo' AND coalesce(scheduled_at <= now(), true)) AS waiting,
       count(*) FILTER (WHERE status = 'todo' AND scheduled_at > now()) AS later,
       count(*) FILTER (WHERE status = 'doing') AS running,
       count(*) FILTER (WHERE status = 'failed') AS failed
FROM procrastinate_jobs

-- name: outbox
-- How many messages wait to be taken, and for how long the oldest has.
SELECT count(*) AS messages, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest FROM outbox
