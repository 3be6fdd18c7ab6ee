-- name: entry_to_review
-- An entry as it is now, and whether a reviewer has said no to it.
SELECT n.id, n.state, n.version, n.campaign_id, n.team_id,
       e.state = 'INVALIDATED' AND NOT e.lapsed AND e.review_id IS NOT NULL AS rejected
FROM entry_now n
JOIN entry e ON e.campaign_id = n.campaign_id AND e.id = n.id
WHERE n.id = :id

-- name: decide
-- Writes a decision down and lets it take effect, if the entry is still at the version that was judged.
-- An entry that is accepted waits for a phone where the campaign asks for one and none was confirmed in time. The fan's row of
-- facts is locked for that, as a registration does: a confirmation comes before and is seen, or comes after and sees the entry.
WITH judged AS (
    SELECT e.campaign_id, e.id, e.user_id, c.phone_required, coalesce(c.ended_at, c.closes_at) AS deadline
    FROM entry e
    JOIN campaign c ON c.id = e.campaign_id
    WHERE e.id = :entry_id AND e.version = :version
), fact AS (
    INSERT INTO user_fact AS f (user_id)
    SELECT user_id FROM judged WHERE phone_required AND :decision = 'ACCEPT'
    ON CONFLICT (user_id) DO UPDATE SET version = f.version
    RETURNING f.phone_verified, f.phone_verified_at
), decided AS (
    UPDATE entry e
    SET state = CASE :decision
                    WHEN 'REJECT' THEN 'INVALIDATED'
                    WHEN 'HOLD' THEN 'UNDER_REVIEW'
                    ELSE CASE WHEN NOT j.phone_required
                                OR f.phone_verified AND coalesce(f.phone_verified_at, now()) < j.deadline
                              THEN 'ACCEPTED' ELSE 'PENDING_PHONE' END
                END,
        review_id = :id, appealed = false, lapsed = false, version = e.version + 1, updated_at = now()
    FROM judged j
    LEFT JOIN fact f ON true
    WHERE e.campaign_id = j.campaign_id AND e.id = j.id AND e.version = :version
    RETURNING e.campaign_id, e.id
)
INSERT INTO review (id, campaign_id, entry_id, decision, reviewer, note_sealed)
SELECT :id, campaign_id, id, :decision, :reviewer, :note_sealed::bytea FROM decided
RETURNING true

-- name: hold_low
-- Holds those of these entries back whose score is below their campaign's threshold, unless somebody has decided about them
-- already or a roster with them on it is frozen. The order is that in which registrations lock entries.
WITH low AS (
    SELECT e.campaign_id, e.id, i.review_id
    FROM unnest(:entry_ids::text[], :review_ids::text[]) AS i (entry_id, review_id)
    CROSS JOIN LATERAL (SELECT * FROM entry WHERE id = i.entry_id OFFSET 0) AS x
    JOIN review_rule r ON r.campaign_id = x.campaign_id
    JOIN entry e ON e.campaign_id = x.campaign_id AND e.id = x.id
    WHERE e.state = 'ACCEPTED' AND e.review_id IS NULL AND e.score < r.below
      AND NOT EXISTS (
          SELECT FROM wave w WHERE w.campaign_id = e.campaign_id AND w.roster_root IS NOT NULL AND w.state <> 'CANCELLED'
      )
    ORDER BY e.campaign_id, e.identity
    FOR UPDATE OF e
), held AS (
    UPDATE entry e
    SET state = 'UNDER_REVIEW', review_id = low.review_id, version = e.version + 1, updated_at = now()
    FROM low
    WHERE e.campaign_id = low.campaign_id AND e.id = low.id AND e.state = 'ACCEPTED' AND e.review_id IS NULL
    RETURNING e.campaign_id, e.id, e.review_id
)
INSERT INTO review (id, campaign_id, entry_id, decision)
SELECT review_id, campaign_id, id, 'HOLD' FROM held
RETURNING entry_id

-- name: low_entries
-- Entries of a campaign that its threshold may hold back, in id order, some at a time.
SELECT e.id
FROM review_rule r
JOIN entry e ON e.campaign_id = r.campaign_id
WHERE r.campaign_id = :campaign_id AND e.state = 'ACCEPTED' AND e.review_id IS NULL AND e.score < r.below AND e.id > :after
ORDER BY e.id
LIMIT :limit

-- name: appeal
-- Keeps what a fan says to the last decision about her entry, once.
WITH appealing AS (
    UPDATE entry e
    SET appealed = true, version = e.version + 1, updated_at = now()
    FROM review r
    WHERE e.id = :entry_id AND e.user_id = :user_id AND r.id = e.review_id AND r.decision <> 'ACCEPT'
      AND e.state IN ('UNDER_REVIEW', 'INVALIDATED') AND NOT e.lapsed AND NOT e.appealed
    RETURNING e.review_id
)
UPDATE review r
SET appeal_sealed = :note_sealed, appealed_at = now()
FROM appealing a
WHERE r.id = a.review_id
RETURNING true

-- name: appealed
-- Whether a fan's own entry has an appeal to the last decision about it.
SELECT appealed FROM entry WHERE id = :entry_id AND user_id = :user_id

-- name: reviews
-- All decisions about these entries, the newest first, and whether each is the last since the entry was submitted.
SELECT r.id, r.entry_id, r.decision, r.reviewer, r.note_sealed, r.decided_at, r.appeal_sealed, r.appealed_at,
       e.review_id IS NOT DISTINCT FROM r.id AND NOT e.appealed AND NOT e.lapsed AND r.decision <> 'ACCEPT'
           AND e.state IN ('UNDER_REVIEW', 'INVALIDATED') AS open_to_appeal
FROM unnest(:ids::text[]) AS i (id)
CROSS JOIN LATERAL (SELECT * FROM review WHERE entry_id = i.id OFFSET 0) AS r
JOIN entry e ON e.campaign_id = r.campaign_id AND e.id = r.entry_id
ORDER BY r.id DESC

-- name: set_rule
-- Sets below which score a campaign's entries are held back; answers what it was.
WITH old AS (
    SELECT below FROM review_rule WHERE campaign_id = :campaign_id
), gone AS (
    DELETE FROM review_rule WHERE campaign_id = :campaign_id AND :below::float8 IS NULL
), kept AS (
    INSERT INTO review_rule (campaign_id, below)
    SELECT id, :below FROM campaign WHERE id = :campaign_id AND :below::float8 IS NOT NULL
    ON CONFLICT (campaign_id) DO UPDATE SET below = excluded.below
)
SELECT c.team_id, (SELECT below FROM old) AS before FROM campaign c WHERE c.id = :campaign_id

-- name: rules
-- Below which scores these campaigns' entries are held back.
SELECT campaign_id, below FROM review_rule WHERE campaign_id = ANY(:ids::text[])

-- name: pages_to_review
-- Pages of campaigns' entries under review, or with an appeal, oldest first, each with one row more than its limit when more
-- follow: found by indexes that hold nothing else.
SELECT p.place, n.*
FROM unnest(:keys::text[], :appealed::boolean[], :states::text[], :afters::text[], :limits::int[])
     WITH ORDINALITY AS p (campaign_id, appealed, states, after, size, place)
CROSS JOIN LATERAL (
    SELECT f.campaign_id, f.id FROM (
        SELECT e.campaign_id, e.id FROM entry e
        WHERE p.appealed AND e.campaign_id = p.campaign_id AND e.appealed AND e.id > coalesce(p.after, '')
          AND (p.states IS NULL OR e.state = ANY(string_to_array(p.states, ',')))
        UNION ALL
        SELECT e.campaign_id, e.id FROM entry e
        WHERE NOT p.appealed AND e.campaign_id = p.campaign_id AND e.state = 'UNDER_REVIEW' AND e.id > coalesce(p.after, '')
    ) AS f
    ORDER BY f.id
    LIMIT p.size + 1
) AS e
JOIN entry_now n ON n.campaign_id = e.campaign_id AND n.id = e.id
ORDER BY p.place, n.id
