-- name: start_import
-- Keeps a file, sealed, until a worker has read it, or says where the upload lies.
INSERT INTO code_import (id, pool_id, sealed, lines, file, byte_size, created_by)
VALUES (:id, :pool_id, :sealed, :lines, :file, :byte_size, :created_by)

-- name: imports
-- Imports by id.
SELECT i.id, i.pool_id, i.state, i.lines, i.line, i.byte_size, i.bytes_read, i.accepted, i.duplicates, i.malformed, i.failure, i.created_at, i.finished_at,
       p.campaign_id, c.team_id
FROM code_import i JOIN code_pool p ON p.id = i.pool_id JOIN campaign c ON c.id = p.campaign_id
WHERE i.id = ANY(:ids::text[])

-- name: import_errors
-- The first errors of each import behind a line, by line.
SELECT e.import_id, e.line, e.code
FROM unnest(:ids::text[]) AS wanted (id),
     LATERAL (
         SELECT * FROM code_import_error e WHERE e.import_id = wanted.id AND e.line > :after ORDER BY e.line LIMIT :first
     ) AS e
ORDER BY e.import_id, e.line

-- name: import_file
-- The file of an import that is not finished, and the last line that was read.
SELECT pool_id, sealed, file, line FROM code_import WHERE id = :id AND finished_at IS NULL

-- name: lock_import
-- The last line that was read, and how many bad ones are noted; whoever reads on waits here.
SELECT line, noted FROM code_import WHERE id = :id AND finished_at IS NULL FOR UPDATE

-- name: count_lines
-- Notes how far the file is read, what became of the lines, and which of them were not taken.
WITH noted AS (
    INSERT INTO code_import_error (import_id, line, code)
    SELECT :id, e.line, e.code FROM unnest(:error_lines::int[], :error_codes::text[]) AS e (line, code)
)
UPDATE code_import
SET state = 'RUNNING', line = :line, bytes_read = :bytes_read, noted = noted + cardinality(:error_lines), accepted = accepted + :accepted::int, duplicates = duplicates + :duplicates::int,
    malformed = malformed + :malformed::int
WHERE id = :id

-- name: finish_import
-- Ends an import, well or not, and forgets its file.
UPDATE code_import
SET state = CASE WHEN :failure::text IS NULL THEN 'SUCCEEDED' ELSE 'FAILED' END, failure = :failure, sealed = NULL,
    finished_at = now()
WHERE id = :id AND finished_at IS NULL
