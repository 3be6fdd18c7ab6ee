-- name: keep_campaigns
-- Keeps newer campaign snapshots and answers those whose registration is over by now.
INSERT INTO campaign AS c (id, version, team_id, state, opens_at, closes_at, phone_required, identity_key,
                           score_min, score_max, document)
SELECT * FROM unnest(
    :ids::text[], :versions::bigint[], :team_ids::text[], :states::text[], :opens_at::timestamptz[], :closes_at::timestamptz[],
    :phone_required::boolean[], :identity_keys::text[], :score_mins::float8[], :score_maxs::float8[], :documents::jsonb[]
) AS s (id)
ORDER BY s.id
ON CONFLICT (id) DO UPDATE
SET version = excluded.version,
    team_id = excluded.team_id,
    state = excluded.state,
    opens_at = excluded.opens_at,
    closes_at = excluded.closes_at,
    phone_required = excluded.phone_required,
    identity_key = excluded.identity_key,
    score_min = excluded.score_min,
    score_max = excluded.score_max,
    document = excluded.document
WHERE c.version < excluded.version
RETURNING c.id, entry_state_now('PENDING_PHONE', campaign_state_now(c.state, c.opens_at, c.closes_at)) = 'INVALIDATED' AS over

-- name: hold_awaiting
-- Locks the campaigns whose entries wait for these users, before their facts: in the order in which an erasure locks.
SELECT c.id FROM campaign c
WHERE c.id IN (
    SELECT e.campaign_id
    FROM unnest(:user_ids::text[]) AS i (user_id)
    CROSS JOIN LATERAL (SELECT campaign_id, state, lapsed FROM entry WHERE user_id = i.user_id OFFSET 0) AS e
    WHERE e.state = 'PENDING_PHONE' OR e.state = 'INVALIDATED' AND e.lapsed
)
ORDER BY c.id
FOR SHARE

-- name: keep_users
-- Keeps newer facts about users.
INSERT INTO user_fact AS u (user_id, version, phone_verified, phone_verified_at, country, member_id, do_not_sell,
                            opted_out_at, accounts, accounts_until, cards, cards_until, tiers, tiers_until, known_since, phone_key)
SELECT s.id, s.version, s.phone_verified, s.phone_verified_at, s.country, s.member_id, s.do_not_sell,
       CASE WHEN s.do_not_sell THEN now() END,
       string_to_array(s.accounts, ','), string_to_array(s.accounts_until, ',')::timestamptz[],
       string_to_array(s.cards, ','), string_to_array(s.cards_until, ',')::timestamptz[],
       string_to_array(s.tiers, ','), string_to_array(s.tiers_until, ',')::timestamptz[], s.known_since, s.phone_key
FROM unnest(
    :ids::text[], :versions::bigint[], :phone_verified::boolean[], :phone_verified_at::timestamptz[], :countries::text[],
    :member_ids::text[], :do_not_sell::boolean[], :accounts::text[], :accounts_until::text[], :cards::text[],
    :cards_until::text[], :tiers::text[], :tiers_until::text[], :known_since::timestamptz[], :phone_keys::bytea[]
) AS s (id, version, phone_verified, phone_verified_at, country, member_id, do_not_sell, accounts, accounts_until, cards,
        cards_until, tiers, tiers_until, known_since, phone_key)
ORDER BY s.id
ON CONFLICT (user_id) DO UPDATE
SET version = excluded.version,
    phone_verified = excluded.phone_verified,
    phone_verified_at = excluded.phone_verified_at,
    country = excluded.country,
    member_id = excluded.member_id,
    do_not_sell = excluded.do_not_sell,
    opted_out_at = CASE WHEN excluded.do_not_sell THEN coalesce(u.opted_out_at, excluded.opted_out_at) END,
    accounts = excluded.accounts,
    accounts_until = excluded.accounts_until,
    cards = excluded.cards,
    cards_until = excluded.cards_until,
    tiers = excluded.tiers,
    tiers_until = excluded.tiers_until,
    known_since = excluded.known_since,
    phone_key = excluded.phone_key
WHERE u.version < excluded.version

-- name: mark_due
-- Has these users' entries scored anew. Also those that are due already: a worker may be at the end of scoring one.
-- They are locked in the order in which registrations lock them.
WITH hers AS (
    SELECT campaign_id, id FROM entry
    WHERE user_id = ANY(:user_ids::text[]) AND state NOT IN ('WITHDRAWN', 'ERASED')
    ORDER BY campaign_id, identity
    FOR UPDATE
)
UPDATE entry e SET score_due = true FROM hers WHERE e.campaign_id = hers.campaign_id AND e.id = hers.id

-- name: accept_confirmed
-- Accepts the entries of users whose phone was confirmed before the deadline: those that wait, and those that lapsed because
-- the news of it came late. The campaign row is locked against a close that is under way: either comes first, and the
-- other sees it. Where users does not say when the phone was confirmed, it counts as confirmed now.
WITH hers AS (
    SELECT e.*
    FROM unnest(:user_ids::text[]) AS i (user_id)
    CROSS JOIN LATERAL (SELECT campaign_id, id, state, lapsed FROM entry WHERE user_id = i.user_id OFFSET 0) AS e
    WHERE e.state = 'PENDING_PHONE' OR e.state = 'INVALIDATED' AND e.lapsed
), awaiting AS (
    SELECT c.id, coalesce(c.ended_at, c.closes_at) AS deadline
    FROM campaign c
    WHERE c.id IN (SELECT campaign_id FROM hers)
    ORDER BY c.id
    FOR SHARE
)
UPDATE entry e
SET state = 'ACCEPTED', lapsed = false, version = e.version + 1, updated_at = now()
FROM hers
JOIN awaiting ON awaiting.id = hers.campaign_id
WHERE e.campaign_id = hers.campaign_id AND e.id = hers.id
  AND (e.state = 'PENDING_PHONE' OR e.state = 'INVALIDATED' AND e.lapsed)
  AND EXISTS (
      SELECT FROM user_fact f
      WHERE f.user_id = e.user_id AND f.phone_verified AND coalesce(f.phone_verified_at, now()) < awaiting.deadline
  )

-- name: invalidate_unconfirmed
-- Invalidates a chunk of the entries that were unconfirmed at their deadline, campaign by campaign, those first that came first.
-- A chunk costs the same however many wait or are done, also in campaigns whose deadline is still to come.
WITH ended AS MATERIALIZED (
    SELECT id FROM campaign
    WHERE entry_state_now('PENDING_PHONE', campaign_state_now(state, opens_at, closes_at)) = 'INVALIDATED'
), due AS (
    SELECT e.campaign_id, e.id
    FROM ended
    CROSS JOIN LATERAL (
        SELECT campaign_id, id FROM entry
        WHERE campaign_id = ended.id AND state = 'PENDING_PHONE'
        ORDER BY campaign_id, submitted_at
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    ) AS e
    LIMIT :limit
), done AS (
    UPDATE entry e
    SET state = 'INVALIDATED', lapsed = true, version = e.version + 1, updated_at = now()
    FROM due
    WHERE e.campaign_id = due.campaign_id AND e.id = due.id AND e.state = 'PENDING_PHONE'
    RETURNING 1
)
SELECT count(*) FROM done
