-- name: find_codes
-- The codes with these lookups, and whose they are.
SELECT c.lookup, c.id, p.id AS pool_id, p.campaign_id, k.team_id
FROM code c JOIN code_pool p ON p.id = c.pool_id JOIN campaign k ON k.id = p.campaign_id
WHERE c.lookup = ANY(:lookups::bytea[])

-- name: claim_reports
-- Keeps reports whose ids are new in their campaigns and answers which those are; whoever sends the same one waits here.
-- An account that was erased is kept only with a code that it won since.
INSERT INTO redemption_report (campaign_id, platform, external_id, code_id, digest, quantity, account, redeemed_at, outcome)
SELECT r.campaign_id, r.platform, r.external_id, r.code_id, r.digest, r.quantity,
       CASE WHEN EXISTS (SELECT FROM erasure x WHERE x.user_id = r.account)
             AND NOT EXISTS (SELECT FROM assignment a WHERE a.code_id = r.code_id AND a.user_id = r.account)
            THEN NULL ELSE r.account END,
       coalesce(r.redeemed_at, now()),
       CASE WHEN r.code_id IS NULL THEN 'UNKNOWN_CODE' ELSE 'EARLY' END
FROM unnest(
    :campaign_ids::text[], :platforms::text[], :external_ids::text[], :code_ids::text[], :digests::bytea[],
    :quantities::int[], :accounts::text[], :redeemed_at::timestamptz[]
) AS r (campaign_id, platform, external_id, code_id, digest, quantity, account, redeemed_at)
ORDER BY r.campaign_id, r.platform, r.external_id
ON CONFLICT DO NOTHING
RETURNING campaign_id, platform, external_id

-- name: reports
-- Reports by their ids.
SELECT r.*
FROM unnest(:campaign_ids::text[], :platforms::text[], :external_ids::text[]) AS k (campaign_id, platform, external_id)
JOIN redemption_report r
    ON r.campaign_id = k.campaign_id AND r.platform = k.platform AND r.external_id = k.external_id

-- name: note_conflicts
-- Remembers what else was said under ids that were used before.
INSERT INTO redemption_conflict (campaign_id, platform, external_id, digest)
SELECT * FROM unnest(:campaign_ids::text[], :platforms::text[], :external_ids::text[], :digests::bytea[])
ON CONFLICT DO NOTHING

-- name: lock_assignments
-- Who has these codes and what they were used for; nobody else counts redemptions of them until the transaction ends.
SELECT a.code_id, a.selection_id, a.user_id, a.redeemed, a.redemptions, coalesce(a.ticket_limit, e.ticket_limit, 1) AS "limit",
       e.code_mode, e.presale_closes_at AS closes_at, a.voided_at IS NOT NULL AS voided
FROM assignment a
JOIN code_pool p ON p.id = a.pool_id
LEFT JOIN campaign_event e ON e.id = p.event_id
WHERE a.code_id = ANY(:code_ids::text[])
ORDER BY a.code_id
FOR UPDATE OF a

-- name: withdrawn
-- Those of the codes that were voided before anybody had them.
SELECT code_id FROM withdrawn_code WHERE code_id = ANY(:code_ids::text[])

-- name: settle
-- Notes what became of reports and counts the accepted ones: on their codes, and the first of a code on its pool. A code that
-- was written down as expired is no longer.
WITH settled AS (
    UPDATE redemption_report r SET outcome = s.outcome, late = s.late
    FROM unnest(
        :campaign_ids::text[], :platforms::text[], :external_ids::text[], :outcomes::text[], :late::boolean[]
    ) AS s (campaign_id, platform, external_id, outcome, late)
    WHERE r.campaign_id = s.campaign_id AND r.platform = s.platform AND r.external_id = s.external_id
    RETURNING r.code_id, r.outcome, r.quantity, r.redeemed_at
),
used AS (
    SELECT code_id, sum(quantity)::int AS quantity, count(*)::int AS times, min(redeemed_at) AS first_at
    FROM settled WHERE outcome = 'ACCEPTED' GROUP BY code_id
),
counted AS (
    UPDATE assignment a
    SET redeemed = a.redeemed + used.quantity, redemptions = a.redemptions + used.times, version = a.version + 1,
        redeemed_at = least(a.redeemed_at, used.first_at), revealed_at = coalesce(a.revealed_at, now()), expired_at = NULL
    FROM used JOIN assignment earlier ON earlier.code_id = used.code_id
    WHERE a.code_id = used.code_id
    RETURNING a.code_id, a.selection_id, a.pool_id, a.redeemed, a.version, a.redemptions = used.times AS first,
              earlier.expired_at IS NOT NULL AS expired
),
fresh AS (
    SELECT pool_id, count(*) AS codes, count(*) FILTER (WHERE expired) AS expired
    FROM counted WHERE first
    GROUP BY pool_id
),
locked AS (
    SELECT p.id FROM code_pool p WHERE p.id IN (SELECT pool_id FROM fresh) ORDER BY p.id FOR UPDATE
),
pools AS (
    UPDATE code_pool p
    SET assigned = p.assigned - fresh.codes + fresh.expired, expired = p.expired - fresh.expired,
        redeemed = p.redeemed + fresh.codes
    FROM fresh JOIN locked ON locked.id = fresh.pool_id
    WHERE p.id = fresh.pool_id
)
SELECT counted.code_id, counted.selection_id, counted.redeemed, counted.version, p.event_id, p.campaign_id, k.team_id
FROM counted
JOIN code_pool p ON p.id = counted.pool_id
JOIN campaign k ON k.id = p.campaign_id

-- name: early_reports
-- Reports that came before their codes were assigned and can be judged now, in the order of the sales: those codes are
-- assigned, or will never be.
SELECT r.*
FROM redemption_report r
WHERE r.outcome = 'EARLY'
  AND (EXISTS (SELECT FROM assignment a WHERE a.code_id = r.code_id)
       OR EXISTS (SELECT FROM withdrawn_code w WHERE w.code_id = r.code_id))
ORDER BY r.redeemed_at, r.received_at, r.external_id
LIMIT :limit
FOR UPDATE OF r SKIP LOCKED

-- name: redemptions
-- What codes were used for, oldest first.
SELECT code_id, platform, external_id, redeemed_at AS at, quantity, late
FROM redemption_report
WHERE code_id = ANY(:code_ids::text[]) AND outcome = 'ACCEPTED'
ORDER BY code_id, redeemed_at, platform, external_id
