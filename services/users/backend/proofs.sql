-- name: take_attempt
-- Counts one attempt of a user at one kind of proof; answers nothing when she has none left in this window.
INSERT INTO proof_attempt AS a (user_id, kind, taken, resets_at)
SELECT u.id, :kind::text, 1, now() + interval '1 hour' FROM app_user u WHERE u.id = :user_id AND :cap > 0
ON CONFLICT (user_id, kind) DO UPDATE
SET taken = CASE WHEN a.resets_at > now() THEN a.taken ELSE 0 END + 1,
    resets_at = CASE WHEN a.resets_at > now() THEN a.resets_at ELSE excluded.resets_at END
WHERE a.taken < :cap::int OR a.resets_at <= now()
RETURNING taken

-- name: attempt_wait
-- In how many seconds a user can try again; nothing when she has not tried.
SELECT greatest(1, ceil(extract(epoch FROM resets_at - now())))::int FROM proof_attempt WHERE user_id = :user_id AND kind = :kind

-- name: touch_user
-- A new version of a user, whose row is locked from here on: her proofs change one after another, each seen by the next.
UPDATE app_user SET version = version + 1 WHERE id = :id RETURNING *

-- name: proofs_of_users
-- What these users have proved and what of it counts at this moment.
SELECT i.id AS user_id,
    coalesce((
        SELECT jsonb_agg(jsonb_build_object('provider', a.provider, 'linked_at', a.linked_at, 'expires_at', a.expires_at) ORDER BY a.linked_at)
        FROM linked_account a WHERE a.user_id = i.id AND a.expires_at > now()
    ), '[]') AS accounts,
    coalesce((
        SELECT jsonb_agg(jsonb_build_object('id', c.id, 'brand', c.brand, 'last4', c.last4, 'verified_at', c.verified_at,
                                            'expires_at', c.expires_at) ORDER BY c.verified_at, c.id)
        FROM verified_card c WHERE c.user_id = i.id AND c.expires_at > now()
    ), '[]') AS cards,
    (
        SELECT jsonb_build_object('tier', v.tier, 'verified_at', v.verified_at, 'expires_at', v.expires_at)
        FROM identity_verification v WHERE v.user_id = i.id AND v.expires_at > now()
        ORDER BY v.verified_at DESC LIMIT 1
    ) AS identity
FROM unnest(:ids::text[]) AS i (id)

-- name: release_account
-- Another user's link to this account that has expired gives the account free.
DELETE FROM linked_account
WHERE provider = :provider AND subject_lookup = :subject_lookup AND user_id <> :user_id AND expires_at <= now()

-- name: keep_link
-- The account is the user's; one that she linked before at this provider gives way. That it is another's is a unique violation.
INSERT INTO linked_account AS a (user_id, provider, subject_lookup, grant_lookup, refresh_sealed, expires_at, next_check_at)
VALUES (:user_id, :provider, :subject_lookup, :grant_lookup, :refresh_sealed::bytea, now() + make_interval(days => :days),
        CASE WHEN :refresh_sealed::bytea IS NOT NULL THEN now() + make_interval(hours => :hours) END)
ON CONFLICT (user_id, provider) DO UPDATE
SET subject_lookup = excluded.subject_lookup, grant_lookup = excluded.grant_lookup, refresh_sealed = excluded.refresh_sealed,
    linked_at = now(), expires_at = excluded.expires_at, next_check_at = excluded.next_check_at
RETURNING provider, linked_at, expires_at

-- name: link_of_grant
-- The user's link that came of this very authorization code.
SELECT provider, linked_at, expires_at FROM linked_account
WHERE user_id = :user_id AND provider = :provider AND grant_lookup = :grant_lookup AND expires_at > now()

-- name: drop_link
-- Ends a link; with `linked_at` only if it is still that one.
DELETE FROM linked_account
WHERE user_id = :user_id AND provider = :provider AND (:linked_at::timestamptz IS NULL OR linked_at = :linked_at)
RETURNING provider, linked_at, expires_at

-- name: claim_due_links
-- Links whose provider is to be asked, put off for ten minutes, so that nobody else asks meanwhile and a crash loses none.
UPDATE linked_account a
SET next_check_at = now() + interval '10 minutes'
FROM (
    SELECT user_id, provider FROM linked_account
    WHERE next_check_at <= now() AND expires_at > now()
    ORDER BY next_check_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
) due
WHERE a.user_id = due.user_id AND a.provider = due.provider
RETURNING a.user_id, a.provider, a.linked_at, a.refresh_sealed

-- name: note_check
-- The provider stands by the link: it is asked again later.
UPDATE linked_account SET next_check_at = now() + make_interval(hours => :hours)
WHERE user_id = :user_id AND provider = :provider AND linked_at = :linked_at AND next_check_at IS NOT NULL

-- name: other_cards
-- How many cards that still count the user has, this one aside.
SELECT count(*) FROM verified_card WHERE user_id = :user_id AND fingerprint_lookup <> :fingerprint_lookup AND expires_at > now()

-- name: keep_card
-- The card is the user's, until the end of its last month; the same card again is refreshed. Nothing when that month is over.
INSERT INTO verified_card AS c (id, user_id, fingerprint_lookup, brand, last4, expires_at)
SELECT :id, :user_id, :fingerprint_lookup, :brand, :last4, e.at
FROM (SELECT make_timestamptz(:year, :month, 1, 0, 0, 0, 'UTC') + interval '1 month' AS at) e
WHERE e.at > now()
ON CONFLICT (user_id, fingerprint_lookup) DO UPDATE
SET brand = excluded.brand, last4 = excluded.last4, verified_at = now(), expires_at = excluded.expires_at
RETURNING id, brand, last4, verified_at, expires_at

-- name: drop_card
-- Removes a card of the user.
DELETE FROM verified_card WHERE user_id = :user_id AND id = :id RETURNING id, brand, last4, verified_at, expires_at

-- name: spend_assertion
-- Takes an assertion, once for all; answers nothing when it was taken before.
INSERT INTO spent_assertion (assertion_lookup, expires_at) VALUES (:assertion_lookup, :expires_at)
ON CONFLICT DO NOTHING
RETURNING true

-- name: release_identity
-- Another user's verification of this person that has expired gives the person free.
DELETE FROM identity_verification
WHERE tier = :tier AND subject_lookup = :subject_lookup AND user_id <> :user_id AND expires_at <= now()

-- name: keep_identity
-- The tier is the user's. That the person behind it verified another account is a unique violation.
INSERT INTO identity_verification AS v (user_id, tier, subject_lookup, assertion_lookup, expires_at)
VALUES (:user_id, :tier, :subject_lookup, :assertion_lookup,
        least(now() + make_interval(days => :days), :valid_until::timestamptz))
ON CONFLICT (user_id, tier) DO UPDATE
SET subject_lookup = excluded.subject_lookup, assertion_lookup = excluded.assertion_lookup, verified_at = now(),
    expires_at = excluded.expires_at
RETURNING tier, verified_at, expires_at

-- name: identity_of_assertion
-- The user's tier that came of this very assertion.
SELECT tier, verified_at, expires_at FROM identity_verification
WHERE user_id = :user_id AND tier = :tier AND assertion_lookup = :assertion_lookup AND expires_at > now()

-- name: drop_identity
-- Takes a tier back.
DELETE FROM identity_verification WHERE user_id = :user_id AND tier = :tier RETURNING tier, verified_at, expires_at

-- name: forget_attempts
-- Removes counters whose window is over.
DELETE FROM proof_attempt WHERE resets_at < now()

-- name: forget_assertions
-- Removes assertions that nobody would accept any more.
DELETE FROM spent_assertion WHERE expires_at < now()

-- name: forget_proofs
-- Removes, a month after it ended, what counts no more.
WITH links AS (DELETE FROM linked_account WHERE expires_at < now() - interval '30 days'),
     cards AS (DELETE FROM verified_card WHERE expires_at < now() - interval '30 days')
DELETE FROM identity_verification WHERE expires_at < now() - interval '30 days'
