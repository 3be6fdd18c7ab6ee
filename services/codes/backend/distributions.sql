-- name: distributions
-- Distributions by their ids or their waves', with what they assigned, what was sent and what was missing.
SELECT d.*, c.team_id, r.assigned, r.quantity, sent.codes AS delivered, coalesce(s.shortfalls, '[]'::jsonb) AS shortfalls
FROM distribution d
JOIN campaign c ON c.id = d.campaign_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(assigned), 0)::bigint AS assigned, coalesce(sum(quantity), 0)::bigint AS quantity
    FROM reservation WHERE distribution_id = d.id
) AS r
CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('event_id', event_id, 'missing', missing) ORDER BY event_id) AS shortfalls
    FROM shortfall WHERE distribution_id = d.id
) AS s
CROSS JOIN LATERAL (
    SELECT count(DISTINCT code_id) AS codes FROM delivery WHERE distribution_id = d.id AND state = 'SENT'
) AS sent
WHERE d.id = ANY(:ids::text[]) OR d.wave_id = ANY(:wave_ids::text[])

-- name: start_distribution
-- Makes the wave's distribution; answers nothing when it has one, after waiting for whoever is making it.
INSERT INTO distribution (id, wave_id, campaign_id, created_by)
SELECT :id, :wave_id, c.id, :created_by FROM campaign c WHERE c.id = :campaign_id
ON CONFLICT (wave_id) DO NOTHING
RETURNING id

-- name: distribution_of_wave
-- The wave's distribution.
SELECT id FROM distribution WHERE wave_id = :wave_id

-- name: lock_pools
-- The pools of these events; nobody else takes codes from them until the transaction ends.
SELECT id, event_id, available FROM code_pool WHERE event_id = ANY(:event_ids::text[]) ORDER BY id FOR UPDATE

-- name: reserve
-- Takes the next codes of each event's pool for this distribution, and steps over those that are voided. The pools are
-- locked and hold enough.
WITH wanted AS (
    SELECT p.id AS pool_id, p.event_id, p.taken, w.quantity, w.quantity + (
        SELECT count(*)
        FROM (
            SELECT v.position - p.taken - row_number() OVER (ORDER BY v.position) AS before
            FROM withdrawn_code v WHERE v.pool_id = p.id AND v.position > p.taken
        ) AS hole
        WHERE hole.before < w.quantity
    ) AS places
    FROM unnest(:event_ids::text[], :quantities::bigint[]) AS w (event_id, quantity)
    JOIN code_pool p ON p.event_id = w.event_id
),
kept AS (
    INSERT INTO reservation (distribution_id, event_id, pool_id, after_position, quantity)
    SELECT :distribution_id, event_id, pool_id, taken, quantity FROM wanted
)
UPDATE code_pool p
SET taken = p.taken + wanted.places, available = p.available - wanted.quantity, reserved = p.reserved + wanted.quantity
FROM wanted
WHERE p.id = wanted.pool_id

-- name: resume_distribution
-- Puts a distribution whose job gave up back in line; what it has written stays.
UPDATE distribution SET state = 'QUEUED', failure = NULL, finished_at = NULL
WHERE id = :id AND state = 'FAILED' AND released_at IS NULL
RETURNING id

-- name: next_page
-- Where an unfinished distribution goes on: behind which selection of its wave.
SELECT wave_id, after, erasures FROM distribution WHERE id = :id AND finished_at IS NULL

-- name: lock_distribution
-- As `next_page`; whoever goes on too waits here.
SELECT wave_id, after, erasures FROM distribution WHERE id = :id AND finished_at IS NULL FOR UPDATE

-- name: pair
-- Gives each selection of a page the next reserved code of its event, moves the counters along, and notes for whom there is none.
-- The distribution is locked and the page lies behind its `after`, so no selection of it has a code yet.
WITH page AS (
    SELECT s.*, row_number() OVER (PARTITION BY s.event_id ORDER BY s.id) AS place
    FROM unnest(:ids::text[], :entry_ids::text[], :user_ids::text[], :event_ids::text[])
         AS s (id, entry_id, user_id, event_id)
),
-- The stretches of the reserved places between voided codes: of the good codes, those numbered above `above` up to `upto`
-- have so many voided ones before them.
stretches AS (
    SELECT r.event_id, r.pool_id, r.after_position, r.assigned, hole.skipped, hole.above,
           lead(hole.above, 1, r.quantity) OVER (PARTITION BY r.event_id ORDER BY hole.skipped) AS upto
    FROM reservation r
    CROSS JOIN LATERAL (
        SELECT 0::bigint AS skipped, 0::bigint AS above
        UNION ALL
        SELECT row_number() OVER (ORDER BY v.position),
               v.position - r.after_position - row_number() OVER (ORDER BY v.position)
        FROM withdrawn_code v WHERE v.pool_id = r.pool_id AND v.position > r.after_position
    ) AS hole
    WHERE r.distribution_id = :distribution_id AND hole.above < r.quantity
),
paired AS (
    SELECT page.*, s.pool_id, s.after_position + s.assigned + page.place + s.skipped AS position
    FROM page
    JOIN stretches s ON s.event_id = page.event_id AND s.assigned + page.place > s.above
         AND s.assigned + page.place <= s.upto
),
ledger AS (
    INSERT INTO assignment (code_id, selection_id, wave_id, distribution_id, entry_id, user_id, ticket_limit, pool_id)
    SELECT c.id, paired.id, :wave_id, :distribution_id, paired.entry_id, paired.user_id, e.ticket_limit, c.pool_id
    FROM paired
    JOIN code c ON c.pool_id = paired.pool_id AND c.position = paired.position
    LEFT JOIN campaign_event e ON e.id = paired.event_id
    RETURNING selection_id
),
counted AS (
    SELECT page.event_id, count(ledger.selection_id) AS assigned, count(*) - count(ledger.selection_id) AS missing
    FROM page LEFT JOIN ledger ON ledger.selection_id = page.id
    GROUP BY page.event_id
),
reservations AS (
    UPDATE reservation r SET assigned = r.assigned + counted.assigned
    FROM counted WHERE r.distribution_id = :distribution_id AND r.event_id = counted.event_id
    RETURNING r.pool_id, counted.assigned
),
pools AS (
    UPDATE code_pool p SET reserved = p.reserved - r.assigned, assigned = p.assigned + r.assigned
    FROM reservations r WHERE p.id = r.pool_id
),
shortfalls AS (
    INSERT INTO shortfall AS s (distribution_id, event_id, missing)
    SELECT :distribution_id, event_id, missing FROM counted WHERE missing > 0
    ON CONFLICT (distribution_id, event_id) DO UPDATE SET missing = s.missing + excluded.missing
)
UPDATE distribution SET state = 'RUNNING', after = :after WHERE id = :distribution_id

-- name: paired
-- The codes that these selections got in a wave, and whose they are.
SELECT a.code_id, a.selection_id, p.event_id, p.campaign_id, k.team_id
FROM unnest(:selection_ids::text[]) AS s (id)
JOIN assignment a ON a.selection_id = s.id AND a.wave_id = :wave_id AND a.superseded_by IS NULL
JOIN code c ON c.id = a.code_id
JOIN code_pool p ON p.id = c.pool_id
JOIN campaign k ON k.id = p.campaign_id
ORDER BY a.code_id

-- name: team_of_distribution
-- Whose a distribution is.
SELECT c.team_id FROM distribution d JOIN campaign c ON c.id = d.campaign_id WHERE d.id = :id

-- name: finish_distribution
-- Ends a distribution: its codes are released to their owners, and it has failed if somebody got none.
UPDATE distribution d
SET finished_at = now(), released_at = now(),
    state = CASE WHEN s.missing IS NULL THEN 'SUCCEEDED' ELSE 'FAILED' END,
    failure = s.missing || ' winners have no code: the wave grew after its codes were reserved.'
FROM (SELECT sum(missing) AS missing FROM shortfall WHERE distribution_id = :id) AS s
WHERE d.id = :id AND d.finished_at IS NULL

-- name: fail_distribution
-- Ends a distribution whose job gave up. Nothing is released; assigning the wave again goes on where it stopped.
UPDATE distribution SET state = 'FAILED', failure = :failure, finished_at = now() WHERE id = :id AND finished_at IS NULL

-- name: duplicates
-- Assignments that there should not be, wave by wave: a code once more, a winner with another one. It counts what is there,
-- whatever constraints say.
SELECT d.wave_id,
       count(*) - count(DISTINCT a.code_id)
       + count(*) FILTER (WHERE a.superseded_by IS NULL)
       - count(DISTINCT a.selection_id) FILTER (WHERE a.superseded_by IS NULL) AS duplicates
FROM distribution d
JOIN assignment a ON a.wave_id = d.wave_id
WHERE :every_wave OR coalesce(d.finished_at > now() - interval '5 minutes', true)
GROUP BY d.wave_id
