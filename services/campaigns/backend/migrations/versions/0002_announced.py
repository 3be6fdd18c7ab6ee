"""Since when the public knows of a campaign: what was announced stays reachable when it is cancelled or archived."""

from alembic import op

revision = "0002"
down_revision = "0001"

ANNOUNCED = """
ALTER TABLE campaign ADD COLUMN announced_at timestamptz;
UPDATE campaign SET announced_at = updated_at WHERE state NOT IN ('DRAFT', 'CANCELLED');
ALTER TABLE campaign ADD CONSTRAINT campaign_announced CHECK (
    (state NOT IN ('SCHEDULED', 'OPEN', 'PAUSED', 'CLOSED', 'SELECTING', 'FINISHED') OR announced_at IS NOT NULL)
    AND (state <> 'DRAFT' OR announced_at IS NULL));
"""

DOCUMENT = """
CREATE OR REPLACE VIEW campaign_document AS
SELECT c.id, c.slug, json_build_object(
    'id', c.id,
    'slug', c.slug,
    'team_id', c.team_id,
    'version', c.version,
    'state', state_now(c.state, c.opens_at, c.closes_at),
    'announced', c.announced_at IS NOT NULL,
    'default_locale', c.default_locale,
    'countries', c.countries,
    'registration', json_build_object('opens_at', c.opens_at, 'closes_at', c.closes_at),
    'phone_required', c.phone_required,
    'identity_key', c.identity_key,
    'gate', c.gate,
    'score_range', CASE WHEN coalesce(c.score_min, c.score_max) IS NOT NULL
        THEN json_build_object('min', c.score_min, 'max', c.score_max) END,
    'created_at', c.created_at,
    'updated_at', c.updated_at,
    'contents', coalesce((
        SELECT json_agg(json_build_object(
            'locale', t.locale, 'title', t.title, 'summary', t.summary, 'body', t.body, 'terms', t.terms,
            'sms_template', t.sms_template) ORDER BY t.locale)
        FROM campaign_content t WHERE t.campaign_id = c.id), '[]'),
    'artists', coalesce((
        SELECT json_agg(json_build_object(
            'id', a.id, 'name', a.name, 'image_url', a.image_url, 'source', a.source) ORDER BY ca.place)
        FROM campaign_artist ca JOIN artist a ON a.id = ca.artist_id WHERE ca.campaign_id = c.id), '[]'),
    'markets', coalesce((
        SELECT json_agg(json_build_object(
            'id', m.id, 'name', m.name, 'country', m.country, 'radius_km', m.radius_km, 'population', m.population,
            'location', CASE WHEN m.latitude IS NOT NULL
                THEN json_build_object('latitude', m.latitude, 'longitude', m.longitude) END,
            'venue', CASE WHEN v.id IS NOT NULL THEN venue_document(v) END) ORDER BY m.id)
        FROM market m LEFT JOIN venue v ON v.id = m.venue_id WHERE m.campaign_id = c.id), '[]'),
    'events', coalesce((
        SELECT json_agg(json_build_object(
            'id', e.id, 'market_id', e.market_id, 'name', e.name, 'starts_at', e.starts_at,
            'presale', json_build_object('opens_at', e.presale_opens_at, 'closes_at', e.presale_closes_at),
            'allocation', e.allocation, 'code_mode', e.code_mode, 'ticket_limit', e.ticket_limit) ORDER BY e.id)
        FROM event e WHERE e.campaign_id = c.id), '[]')
)::text AS document
FROM campaign c;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(ANNOUNCED + DOCUMENT)
