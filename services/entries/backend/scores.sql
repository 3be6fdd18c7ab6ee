-- name: take_due
-- Takes entries whose scores are due, the oldest first, and moves where they came from out of their rows.
WITH due AS (
    SELECT e.id, e.network, e.device, date_trunc('hour', e.submitted_at, 'UTC') AS hour
    FROM entry e
    WHERE e.score_due
    ORDER BY e.id
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
), kept AS (
    INSERT INTO signal (entry_id, network, device, hour)
    SELECT id, network, device, hour FROM due WHERE network IS NOT NULL AND device IS NOT NULL
    ON CONFLICT (entry_id) DO UPDATE SET network = excluded.network, device = excluded.device, hour = excluded.hour
)
SELECT id FROM due

-- name: signals
-- What each entry's score is computed from, but for who else came from there.
SELECT e.id, e.state, e.disposable_email, coalesce(f.phone_verified, false) AS phone_confirmed,
       greatest(extract(epoch FROM e.submitted_at - least(f.known_since, first.submitted_at, e.submitted_at)), 0)::float8
           / 86400 AS account_days,
       f.phone_key IS NOT NULL AND EXISTS (
           SELECT FROM user_fact o
           JOIN entry x ON x.user_id = o.user_id AND x.campaign_id = e.campaign_id
           WHERE o.phone_key = f.phone_key AND o.user_id <> e.user_id AND x.state NOT IN ('WITHDRAWN', 'ERASED')
       ) AS phone_shared,
       EXISTS (
           SELECT FROM entry x
           JOIN selection s ON s.entry_id = x.id
           JOIN redemption r ON r.selection_id = s.id
           WHERE x.user_id = e.user_id AND x.campaign_id <> e.campaign_id AND r.quantity > 0
       ) AS redeemed_before,
       g.network, g.device, g.hour, b.reasons AS before
FROM unnest(:ids::text[]) AS i (id)
CROSS JOIN LATERAL (SELECT * FROM entry WHERE id = i.id OFFSET 0) AS e
LEFT JOIN LATERAL (SELECT * FROM user_fact WHERE user_id = e.user_id OFFSET 0) AS f ON true
LEFT JOIN LATERAL (SELECT min(submitted_at) AS submitted_at FROM entry WHERE user_id = e.user_id) AS first ON true
LEFT JOIN LATERAL (SELECT * FROM signal WHERE entry_id = i.id OFFSET 0) AS g ON true
LEFT JOIN LATERAL (
    SELECT reasons FROM entry_score WHERE entry_id = i.id AND source = 'BUILT_IN' OFFSET 0
) AS b ON true

-- name: crowds
-- How many registrations came from each of these networks, and by each of these browsers, in that hour. Each is counted once,
-- however many of a batch share it, and no further than it makes a difference. BETWEEN, for it looks alike to the planner however
-- many share a network: a plan made while all come from one must not read the whole table for whoever comes from another.
SELECT 'network' AS kind, i.key, i.hour, o.count
FROM unnest(:networks::bytea[], :network_hours::timestamptz[]) AS i (key, hour)
CROSS JOIN LATERAL (
    SELECT count(*) FROM (
        SELECT FROM signal
        WHERE network BETWEEN i.key AND i.key AND hour BETWEEN i.hour AND i.hour
        ORDER BY network, hour
        LIMIT :network_busy::bigint + 1
    ) AS s
) AS o
UNION ALL
SELECT 'device', i.key, i.hour, o.count
FROM unnest(:devices::bytea[], :device_hours::timestamptz[]) AS i (key, hour)
CROSS JOIN LATERAL (
    SELECT count(*) FROM (
        SELECT FROM signal
        WHERE device BETWEEN i.key AND i.key AND hour BETWEEN i.hour AND i.hour
        ORDER BY device, hour
        LIMIT :device_busy::bigint + 1
    ) AS s
) AS o

-- name: keep_scores
-- Keeps built-in scores, which count where there is none from outside. What the score was due for is settled.
WITH item AS (
    SELECT * FROM unnest(:ids::text[], :values::float8[], :reasons::text[]) AS i (id, value, reasons)
), kept AS (
    INSERT INTO entry_score AS s (entry_id, source, value, reasons)
    SELECT id, 'BUILT_IN', value, string_to_array(reasons, ',') FROM item WHERE value IS NOT NULL
    ON CONFLICT (entry_id, source) DO UPDATE
    SET value = excluded.value, reasons = excluded.reasons, computed_at = now()
    WHERE (s.value, s.reasons) IS DISTINCT FROM (excluded.value, excluded.reasons)
)
UPDATE entry e
SET score = coalesce(x.value, i.value), score_due = false, network = NULL, device = NULL
FROM item i
LEFT JOIN LATERAL (
    SELECT value FROM entry_score WHERE entry_id = i.id AND source = 'EXTERNAL' OFFSET 0
) AS x ON true
WHERE e.id = i.id

-- name: mark_alike
-- Marks the entries that share what these turned out to share with too many: a busy network or browser, a phone. Of a crowd
-- only the first are looked at: who came later was scored when it was one. Those in other hands at this moment are left to
-- whoever comes next.
WITH alike AS (
    SELECT o.entry_id AS id, 'NETWORK_BUSY' AS reason
    FROM (SELECT DISTINCT network, hour FROM signal WHERE entry_id = ANY(:network_busy::text[])) AS b
    CROSS JOIN LATERAL (
        SELECT entry_id FROM signal WHERE network = b.network AND hour = b.hour ORDER BY entry_id LIMIT :first::bigint
    ) AS o
    UNION ALL
    SELECT o.entry_id, 'DEVICE_BUSY'
    FROM (SELECT DISTINCT device, hour FROM signal WHERE entry_id = ANY(:device_busy::text[])) AS b
    CROSS JOIN LATERAL (
        SELECT entry_id FROM signal WHERE device = b.device AND hour = b.hour ORDER BY entry_id LIMIT :first::bigint
    ) AS o
    UNION ALL
    SELECT x.id, 'PHONE_SHARED'
    FROM entry e
    JOIN user_fact f ON f.user_id = e.user_id
    JOIN user_fact o ON o.phone_key = f.phone_key AND o.user_id <> f.user_id
    JOIN entry x ON x.user_id = o.user_id AND x.campaign_id = e.campaign_id
    WHERE e.id = ANY(:phone_shared::text[])
), stale AS (
    SELECT e.campaign_id, e.id
    FROM entry e
    WHERE NOT e.score_due AND e.id IN (
        SELECT a.id FROM alike a
        JOIN entry_score s ON s.entry_id = a.id AND s.source = 'BUILT_IN'
        WHERE a.reason <> ALL (s.reasons)
    )
    ORDER BY e.id
    FOR UPDATE SKIP LOCKED
)
UPDATE entry e SET score_due = true FROM stale WHERE e.campaign_id = stale.campaign_id AND e.id = stale.id

-- name: scores
-- The scores that count for these entries.
SELECT DISTINCT ON (s.entry_id) s.entry_id, s.value, s.reasons, s.source, s.computed_at
FROM unnest(:ids::text[]) AS i (id)
CROSS JOIN LATERAL (SELECT * FROM entry_score WHERE entry_id = i.id OFFSET 0) AS s
ORDER BY s.entry_id, s.source = 'EXTERNAL' DESC

-- name: forget_signals
-- Forgets where entries came from, a chunk at a time, once that has been known for so many days.
WITH old AS (
    DELETE FROM signal
    WHERE entry_id IN (
        SELECT entry_id FROM signal WHERE hour < now() - make_interval(days => :days) LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    RETURNING 1
)
SELECT count(*) FROM old
