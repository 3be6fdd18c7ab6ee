-- name: hold
-- Who has a code and in what state it is; nobody else changes that, nor is its wave released, until the transaction ends.
SELECT a.code_id, a.selection_id, a.pool_id, a.superseded_by, a.expired_at IS NOT NULL AS expired, d.wave_id,
       held_state(a.redeemed_at, a.voided_at, a.expired_at, e.id, e.presale_closes_at) AS state
FROM assignment a
JOIN distribution d ON d.id = a.distribution_id
JOIN code_pool p ON p.id = a.pool_id
LEFT JOIN campaign_event e ON e.id = p.event_id
WHERE a.code_id = :code_id
FOR SHARE OF d
FOR UPDATE OF a

-- name: void_held
-- Voids a code that somebody has, and calls back the messages that would bring it. The code is held; `expired` says under
-- what it was counted.
WITH voided AS (
    UPDATE assignment
    SET voided_at = now(), voided_by = :actor, void_reason = :reason, expired_at = NULL, version = version + 1
    WHERE code_id = :code_id
    RETURNING code_id, pool_id, selection_id, version
),
called_back AS (
    UPDATE delivery y SET state = 'FAILED', failure = 'VOIDED', finished_at = now()
    FROM voided WHERE y.code_id = voided.code_id AND y.state = 'QUEUED'
),
counted AS (
    UPDATE code_pool p
    SET assigned = p.assigned - (NOT :expired::boolean)::int, expired = p.expired - :expired::boolean::int,
        voided = p.voided + 1
    FROM voided WHERE p.id = voided.pool_id
)
SELECT selection_id, version FROM voided

-- name: withdraw
-- Voids a code that nobody has and that no wave has set aside. Its pool is locked. Nothing when it is not such a code.
WITH withdrawn AS (
    INSERT INTO withdrawn_code (code_id, pool_id, position, reason, withdrawn_by)
    SELECT c.id, c.pool_id, c.position, :reason, :actor
    FROM code c JOIN code_pool p ON p.id = c.pool_id
    WHERE c.id = :code_id AND c.position > p.taken
    ON CONFLICT DO NOTHING
    RETURNING pool_id
)
UPDATE code_pool p SET available = p.available - 1, voided = p.voided + 1
FROM withdrawn WHERE p.id = withdrawn.pool_id
RETURNING p.id

-- name: replace
-- Voids a code, unless it is voided already, and gives its owner the next one of the pool, which is locked. The code is
-- held; `counted` is the counter that it was counted under. Nothing when the pool is empty, or when nobody has the code
-- any more.
WITH place AS (
    SELECT p.id AS pool_id, p.taken + 1 + (
        SELECT count(*)
        FROM (
            SELECT w.position - p.taken - row_number() OVER (ORDER BY w.position) AS before
            FROM withdrawn_code w WHERE w.pool_id = p.id AND w.position > p.taken
        ) AS hole
        WHERE hole.before = 0
    ) AS position
    FROM code_pool p WHERE p.id = :pool_id AND p.available > 0
),
next AS (
    SELECT c.id, c.pool_id, c.position FROM place JOIN code c ON c.pool_id = place.pool_id AND c.position = place.position
),
old AS (
    UPDATE assignment a
    SET superseded_by = next.id, voided_at = coalesce(a.voided_at, now()), voided_by = coalesce(a.voided_by, :actor),
        void_reason = coalesce(a.void_reason, :reason), expired_at = NULL
    FROM next
    WHERE a.code_id = :code_id AND a.user_id <> :nobody
      AND NOT EXISTS (SELECT FROM erasure x WHERE x.user_id = a.user_id AND x.until >= a.assigned_at)
    RETURNING a.*, next.id AS next_id
),
called_back AS (
    UPDATE delivery y SET state = 'FAILED', failure = 'VOIDED', finished_at = now()
    FROM old WHERE y.code_id = old.code_id AND y.state = 'QUEUED'
),
given AS (
    INSERT INTO assignment (code_id, selection_id, wave_id, distribution_id, entry_id, user_id, ticket_limit, pool_id, version)
    SELECT next_id, selection_id, wave_id, distribution_id, entry_id, user_id, ticket_limit, pool_id, version + 1 FROM old
    RETURNING code_id, distribution_id, selection_id, version
),
told AS (
    INSERT INTO delivery (code_id, number, distribution_id)
    SELECT given.code_id, 1, d.id
    FROM given JOIN distribution d ON d.id = given.distribution_id AND d.released_at IS NOT NULL
),
pool AS (
    UPDATE code_pool p
    SET taken = next.position, available = p.available - 1,
        assigned = p.assigned + 1 - (:counted::text = 'assigned')::int,
        expired = p.expired - (:counted::text = 'expired')::int,
        voided = p.voided + 1 - (:counted::text = 'voided')::int
    FROM next JOIN given ON given.code_id = next.id
    WHERE p.id = next.pool_id
)
SELECT code_id, selection_id, version FROM given

-- name: is_withdrawn
-- Whether a code was voided before anybody had it.
SELECT true FROM withdrawn_code WHERE code_id = :code_id
