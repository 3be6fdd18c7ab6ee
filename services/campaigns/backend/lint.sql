-- name: campaign_and_moment
-- A whole campaign, and the moment at which it was read.
SELECT document, now() AS moment FROM campaign_document WHERE id = :id
