"""Migrations: alembic with raw SQL, run as the owner role. Each service's `migrations/env.py` calls `run`."""

from importlib.resources import files
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import create_engine, pool

OUTBOX = """
CREATE TABLE outbox (
    id              text COLLATE "C" PRIMARY KEY,
    topic           text NOT NULL,
    target          text NOT NULL,
    body            bytea NOT NULL,
    attempts        int NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL DEFAULT now(),
    next_attempt_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_due ON outbox (next_attempt_at, id);
"""


def upgrade(service: str, owner_url: str) -> None:
    """Brings a service's database to the newest revision. Safe to run again."""
    config = Config()
    location = Path(__file__).parents[1] / service / "backend" / "migrations"
    config.set_main_option("script_location", str(location))
    config.attributes["url"] = owner_url.replace("postgresql://", "postgresql+psycopg://", 1)
    command.upgrade(config, "head")


def run() -> None:
    """The body of every `env.py`: one transaction per migration run."""
    url = context.config.attributes["url"]
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()


def job_schema() -> str:
    """procrastinate's own schema, to be applied once by a service's first migration."""
    return files("procrastinate").joinpath("sql/schema.sql").read_text()


def grants(role: str, *, append_only: tuple[str, ...] = ()) -> str:
    """Least privilege for the service's role: rows, never structure; `append_only` tables cannot be changed
    or emptied.
    """
    statements = [
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        f"REVOKE ALL ON alembic_version FROM {role}",
        *[f"REVOKE UPDATE, DELETE ON {table} FROM {role}" for table in append_only],
    ]
    return ";\n".join(statements) + ";\n"


def tombstones(role: str) -> str:
    """The table that `services.kit.privacy` needs; the service's role never removes a row of it."""
    return f"""
CREATE TABLE erasure (
    request_id   text COLLATE "C" PRIMARY KEY,
    user_id      text COLLATE "C" NOT NULL,
    until        timestamptz NOT NULL,
    version      bigint NOT NULL,
    record_count int,
    digest       bytea,
    erased_at    timestamptz,
    CHECK (num_nulls(record_count, digest, erased_at) IN (0, 3))
);
CREATE INDEX erasure_user ON erasure (user_id, until);
COMMENT ON TABLE erasure IS 'tombstones: what came of a sign-in until then is not taken any more';
GRANT SELECT, INSERT, UPDATE ON erasure TO {role};
"""
