"""Promoters, and what campaigns have of them; a campaign's picture."""

from alembic import op

from services.kit.migrations import grants

revision = "0006"
down_revision = "0005"

PROMOTERS = """
CREATE TABLE promoter (
    id                 text COLLATE "C" PRIMARY KEY,
    team_id            text NOT NULL,
    version            bigint NOT NULL DEFAULT 1,
    name               text NOT NULL,
    legal_name         text NOT NULL,
    support_email      text,
    privacy_policy_url text,
    default_locale     text NOT NULL,
    shares_fan_data    boolean NOT NULL DEFAULT false,
    search             text NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT promoter_name UNIQUE (team_id, name),
    CONSTRAINT promoter_sharing CHECK (NOT shares_fan_data OR privacy_policy_url IS NOT NULL)
);
CREATE INDEX promoter_list ON promoter (name, id);
CREATE INDEX promoter_search ON promoter USING gin (search gin_trgm_ops);

ALTER TABLE campaign
    ADD COLUMN promoter_id    text COLLATE "C" REFERENCES promoter,
    ADD COLUMN hero_upload_id text COLLATE "C" REFERENCES upload;
CREATE INDEX campaign_promoter ON campaign (promoter_id) WHERE promoter_id IS NOT NULL;
CREATE INDEX campaign_hero ON campaign (hero_upload_id) WHERE hero_upload_id IS NOT NULL;

CREATE FUNCTION promoter_document(p promoter) RETURNS json LANGUAGE sql STABLE RETURN json_build_object(
    'id', p.id, 'team_id', p.team_id, 'version', p.version, 'name', p.name, 'legal_name', p.legal_name,
    'support_email', p.support_email, 'privacy_policy_url', p.privacy_policy_url, 'default_locale', p.default_locale,
    'shares_fan_data', p.shares_fan_data
);
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
    'hero_image', u.file,
    'promoter', CASE WHEN p.id IS NOT NULL THEN promoter_document(p) END,
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
        SELECT json_agg(market_document(m, v) ORDER BY m.id)
        FROM market m LEFT JOIN venue v ON v.id = m.venue_id WHERE m.campaign_id = c.id), '[]'),
    'events', coalesce((
        SELECT json_agg(json_build_object(
            'id', e.id, 'market_id', e.market_id, 'name', e.name, 'starts_at', e.starts_at,
            'presale', json_build_object('opens_at', e.presale_opens_at, 'closes_at', e.presale_closes_at),
            'allocation', e.allocation, 'code_mode', e.code_mode, 'ticket_limit', e.ticket_limit) ORDER BY e.id)
        FROM event e WHERE e.campaign_id = c.id), '[]')
)::text AS document
FROM campaign c
LEFT JOIN promoter p ON p.id = c.promoter_id
LEFT JOIN upload u ON u.id = c.hero_upload_id;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(PROMOTERS + DOCUMENT)
    op.get_bind().exec_driver_sql(grants("campaigns_service"))
