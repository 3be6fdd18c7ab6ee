-- name: start_import
-- Puts a file of scores in line; nothing when there is no such campaign.
INSERT INTO score_import (id, campaign_id, upload_id, file, byte_size, requested_by)
SELECT :id, c.id, :upload_id, :file, :byte_size, :requested_by FROM campaign c WHERE c.id = :campaign_id
RETURNING (SELECT team_id FROM campaign WHERE id = :campaign_id) AS team_id

-- name: imports_by_id
-- Imports by id.
SELECT i.*, c.team_id FROM score_import i JOIN campaign c ON c.id = i.campaign_id WHERE i.id = ANY(:ids::text[])

-- name: imports_of_campaigns
-- The last hundred imports of each campaign, newest first.
SELECT i.*, c.team_id
FROM campaign c
CROSS JOIN LATERAL (SELECT * FROM score_import WHERE campaign_id = c.id ORDER BY id DESC LIMIT 100) AS i
WHERE c.id = ANY(:ids::text[])
ORDER BY i.id DESC

-- name: import_errors
-- The first errors of each import, by line.
SELECT e.import_id, e.line, e.code
FROM unnest(:ids::text[]) AS wanted (id)
CROSS JOIN LATERAL (SELECT * FROM score_import_error WHERE import_id = wanted.id ORDER BY line LIMIT :first) AS e
ORDER BY e.import_id, e.line

-- name: begin_import
-- Takes up an import that is not finished, where the last worker left it.
UPDATE score_import SET state = 'RUNNING' WHERE id = :id AND finished_at IS NULL
RETURNING campaign_id, file, byte_size, line

-- name: lock_import
-- The last line that was read; whoever reads on waits here.
SELECT line FROM score_import WHERE id = :id AND finished_at IS NULL FOR UPDATE

-- name: lock_entries
-- Whose scores these are: each entry of the campaign by its id, or by one of the accounts that it may be of. They are locked
-- in the order in which registrations lock them.
WITH found AS (
    SELECT i.place, x.id
    FROM unnest(:entry_ids::text[], :user_ids::text[]) WITH ORDINALITY AS i (entry_id, user_ids, place)
    CROSS JOIN LATERAL (
        SELECT id FROM entry WHERE id = i.entry_id
        UNION ALL
        SELECT id FROM entry WHERE user_id = ANY(string_to_array(i.user_ids, ','))
    ) AS x
)
SELECT f.place::int - 1 AS place, e.id
FROM found f
JOIN entry e ON e.campaign_id = :campaign_id AND e.id = f.id
WHERE e.state <> 'ERASED'
ORDER BY e.identity
FOR UPDATE OF e

-- name: keep_external
-- Keeps scores from outside, which count from now on; answers which of them are new or changed, and which file gave the one
-- that was there.
WITH item AS (
    SELECT * FROM unnest(:entry_ids::text[], :values::float8[], :reasons::text[]) AS i (entry_id, value, reasons)
), old AS (
    SELECT s.entry_id, s.import_id, s.value, s.reasons
    FROM item i
    CROSS JOIN LATERAL (
        SELECT * FROM entry_score WHERE entry_id = i.entry_id AND source = 'EXTERNAL' OFFSET 0
    ) AS s
), kept AS (
    INSERT INTO entry_score AS s (entry_id, source, value, reasons, import_id)
    SELECT i.entry_id, 'EXTERNAL', i.value, string_to_array(i.reasons, ','), :import_id
    FROM item i
    LEFT JOIN old o ON o.entry_id = i.entry_id
    WHERE o.import_id IS NULL OR o.import_id IS DISTINCT FROM :import_id
    ON CONFLICT (entry_id, source) DO UPDATE
    SET value = excluded.value, reasons = excluded.reasons, import_id = excluded.import_id,
        computed_at = CASE WHEN (s.value, s.reasons) IS DISTINCT FROM (excluded.value, excluded.reasons)
                      THEN now() ELSE s.computed_at END
    RETURNING s.entry_id, s.value, s.reasons
), counted AS (
    UPDATE entry e SET score = k.value FROM kept k WHERE e.id = k.entry_id AND e.score IS DISTINCT FROM k.value
)
SELECT i.entry_id, k.entry_id IS NULL AS repeated,
       o.entry_id IS NULL OR (o.value, o.reasons) IS DISTINCT FROM (k.value, k.reasons) AS is_new
FROM item i
LEFT JOIN old o ON o.entry_id = i.entry_id
LEFT JOIN kept k ON k.entry_id = i.entry_id

-- name: count_lines
-- Notes how far the file is read, what became of the lines, and which were not taken.
WITH noted AS (
    INSERT INTO score_import_error (import_id, line, code)
    SELECT :id, e.line, e.code FROM unnest(:error_lines::int[], :error_codes::text[]) AS e (line, code)
)
UPDATE score_import
SET line = :line, progress = :progress, accepted = accepted + :accepted::int, duplicates = duplicates + :duplicates::int,
    malformed = malformed + :malformed::int
WHERE id = :id

-- name: finish_import
-- Ends an import, well or not.
UPDATE score_import
SET state = CASE WHEN :failure::text IS NULL THEN 'SUCCEEDED' ELSE 'FAILED' END, failure = :failure,
    progress = CASE WHEN :failure::text IS NULL THEN 1 ELSE progress END, finished_at = now()
WHERE id = :id AND finished_at IS NULL
