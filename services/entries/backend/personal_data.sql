-- name: her_facts
-- What entries knows of a user.
SELECT user_id AS id, phone_verified, phone_verified_at, country, member_id, do_not_sell, opted_out_at, accounts, accounts_until,
       cards, cards_until, tiers, tiers_until, known_since
FROM user_fact WHERE user_id = :user_id AND user_id > :after LIMIT :limit

-- name: her_entries
-- Her registrations, with the market names of the campaigns' own words.
SELECT e.id, e.campaign_id, c.document -> 'titles' AS campaign_titles, e.state, e.ticket_quantity, e.country, e.is_member,
       e.score, e.disposable_email, encode(coalesce(g.network, e.network), 'hex') AS network_key,
       encode(coalesce(g.device, e.device), 'hex') AS device_key,
       (SELECT s.reasons FROM entry_score s WHERE s.entry_id = e.id ORDER BY s.source DESC LIMIT 1) AS score_reasons,
       e.submitted_at, e.updated_at, e.preferences AS market_ids,
       ARRAY(SELECT m.name FROM unnest(e.preferences) WITH ORDINALITY AS p (id, rank)
             LEFT JOIN jsonb_to_recordset(c.document -> 'markets') AS m (id text, name text) ON m.id = p.id
             ORDER BY p.rank) AS market_names
FROM entry e
JOIN campaign c ON c.id = e.campaign_id
LEFT JOIN signal g ON g.entry_id = e.id
WHERE e.user_id = :user_id AND e.id > :after
ORDER BY e.id
LIMIT :limit

-- name: her_roster_lines
-- Her lines on frozen rosters, with the salt: with it she can check that her line is in the published root.
SELECT r.wave_id || '/' || r.entry_id AS id, r.wave_id, r.entry_id, r.preferences, r.barred, r.quantity, r.score, r.submitted,
       encode(r.salt, 'hex') AS salt
FROM entry e
JOIN wave w ON w.campaign_id = e.campaign_id
JOIN wave_entry r ON r.wave_id = w.id AND r.entry_id = e.id
WHERE e.user_id = :user_id AND r.wave_id || '/' || r.entry_id > :after
ORDER BY r.wave_id || '/' || r.entry_id
LIMIT :limit

-- name: her_selections
-- What she won in finalized waves.
SELECT s.id, s.wave_id, s.entry_id, s.campaign_id, s.event_id, s.market_id, s.preference_rank, s.ticket_quantity, s.created_at,
       coalesce(r.quantity, 0) AS tickets_bought, r.outcome AS code_outcome
FROM entry e
JOIN selection s ON s.entry_id = e.id
JOIN wave w ON w.id = s.wave_id AND w.state = 'FINALIZED'
LEFT JOIN redemption r ON r.selection_id = s.id
WHERE e.user_id = :user_id AND s.id > :after
ORDER BY s.id
LIMIT :limit

-- name: hold_registrations
-- Waits for every registration under way: they hold their campaign's row until they commit.
SELECT id FROM campaign WHERE state IN ('SCHEDULED', 'OPEN', 'PAUSED') ORDER BY id FOR NO KEY UPDATE

-- name: hold_campaigns
-- Waits for whoever freezes a roster with her on it, and keeps them waiting.
SELECT c.id FROM campaign c
WHERE c.id IN (SELECT campaign_id FROM entry WHERE user_id = :user_id AND signed_in_at <= :until)
ORDER BY c.id
FOR NO KEY UPDATE

-- name: hold_draws
-- Waits for whoever writes the outcome of a draw that she may be part of, and keeps them waiting.
SELECT id FROM wave WHERE campaign_id = ANY(:campaign_ids::text[]) AND state = 'RUNNING' ORDER BY id FOR UPDATE

-- name: erase_entries
-- Her entries become nobody's. What aggregates count stays; her identity's place is free for whoever has it next.
UPDATE entry
SET state = 'ERASED', user_id = :nobody, identity = uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),
    idempotency_key = NULL, request_digest = '', lapsed = false, network = NULL, device = NULL, disposable_email = false,
    score = NULL, score_due = false, review_id = NULL, appealed = false, version = version + 1, updated_at = now()
WHERE user_id = :user_id AND signed_in_at <= :until
RETURNING campaign_id, id

-- name: erase_roster_lines
-- Her lines on rosters stay as they were salted and published; whose they are does not.
UPDATE wave_entry r
SET user_id = :nobody
FROM unnest(:campaign_ids::text[], :entry_ids::text[]) AS e (campaign_id, id)
JOIN wave w ON w.campaign_id = e.campaign_id
WHERE r.wave_id = w.id AND r.entry_id = e.id
RETURNING 1

-- name: erase_selections
-- What she won stays counted; who won does not.
UPDATE selection SET user_id = :nobody WHERE entry_id = ANY(:entry_ids::text[]) RETURNING 1

-- name: erase_facts
-- Her facts, unless they are a later person's. The row stays for its version: older snapshots change nothing.
INSERT INTO user_fact AS f (user_id, version) VALUES (:user_id, :version)
ON CONFLICT (user_id) DO UPDATE
SET version = excluded.version, phone_verified = false, phone_verified_at = NULL, country = NULL, member_id = NULL,
    do_not_sell = false, opted_out_at = NULL, accounts = '{}', accounts_until = '{}', cards = '{}', cards_until = '{}', tiers = '{}',
    tiers_until = '{}', known_since = NULL, phone_key = NULL
WHERE f.version <= excluded.version
RETURNING xmax <> 0 AS was_there

-- name: her_reviews
-- What was decided about her entries, and what she said to it.
SELECT r.id, r.campaign_id, r.entry_id, r.decision, r.reviewer IS NULL AS automatic, r.decided_at, r.note_sealed, r.appeal_sealed, r.appealed_at
FROM entry e
JOIN review r ON r.entry_id = e.id
WHERE e.user_id = :user_id AND r.id > :after
ORDER BY r.id
LIMIT :limit

-- name: erase_reviews
-- What people wrote about her entries, and she to them; that something was decided stays.
UPDATE review SET note_sealed = NULL, appeal_sealed = NULL WHERE entry_id = ANY(:entry_ids::text[]) RETURNING 1

-- name: erase_reviewer
-- Decisions that she made, as a member of staff, were somebody's.
UPDATE review SET reviewer = :nobody WHERE reviewer = :user_id RETURNING 1

-- name: erase_scores
-- What her entries scored, and from where they came.
WITH origins AS (
    DELETE FROM signal WHERE entry_id = ANY(:entry_ids::text[])
)
DELETE FROM entry_score WHERE entry_id = ANY(:entry_ids::text[]) RETURNING 1

-- name: erase_answers
-- What her requests were answered.
DELETE FROM idempotency WHERE actor = :user_id RETURNING 1

-- name: erase_exports
-- Exports and imports that she asked for, as a member of staff, are nobody's from now on.
WITH imports AS (
    UPDATE score_import SET requested_by = :nobody WHERE requested_by = :user_id
)
UPDATE export_job SET requested_by = :nobody WHERE requested_by = :user_id RETURNING 1
