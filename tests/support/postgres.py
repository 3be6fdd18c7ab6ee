"""Migrated databases for tests: one server for a run, one migration for a service, then a copy for each test."""

import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator

import psycopg
import pytest

from scripts.devtools import databases as service_databases
from scripts.devtools.databases import ServiceDatabase
from scripts.devtools.settings import ROOT
from tests.support import run

_PASSWORD = "test-database-password"
_MIGRATION_TIMEOUT = 120


class Databases:
    """Makes and drops databases on the run's server."""

    def __init__(self, admin_dsn: str) -> None:
        self.admin_dsn = admin_dsn

    def create(self, service: str) -> ServiceDatabase:
        """A freshly migrated database of `service`, empty of rows, for `owner_dsn` and `service_dsn`."""
        template = self._template(service)
        name = f"{run.database_prefix()}{service}_{secrets.token_hex(5)}"
        return service_databases.clone(self.admin_dsn, service, _PASSWORD, name=name, template=template)

    def drop(self, database: ServiceDatabase) -> None:
        """Drop it, with whoever is still connected."""
        service_databases.drop(self.admin_dsn, database.name)

    def _template(self, service: str) -> str:
        name = f"{run.database_prefix()}{service}_template"
        done = run.folder() / f"{name}.migrated"
        if done.exists():
            return name
        with run.one_worker_at_a_time("templates"):
            if not done.exists():
                service_databases.drop(self.admin_dsn, name)
                made = service_databases.provision(self.admin_dsn, [service], _PASSWORD, name=name)
                migrate(service, made[service])
                done.touch()
        return name


@pytest.fixture(scope="session")
def databases() -> Databases:
    """The run's PostgreSQL (embedded, or that of DATABASE_URL), shared by all workers."""
    admin_dsn = run.start_once("postgres", only_postgres=True).admin_dsn
    assert admin_dsn is not None
    return Databases(admin_dsn)


@pytest.fixture
def database(databases: Databases) -> Iterator[Callable[[str], ServiceDatabase]]:
    """`database("entries")` makes a migrated database for this test alone; it is dropped at the test's end."""
    made: list[ServiceDatabase] = []

    def make(service: str) -> ServiceDatabase:
        made.append(databases.create(service))
        return made[-1]

    yield make
    for each in made:
        databases.drop(each)


@pytest.fixture
def admin_connection(databases: Databases) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A superuser's connection, to look at statistics, roles and locks."""
    with psycopg.connect(databases.admin_dsn, autocommit=True) as connection:
        yield connection


def migrate(service: str, database: ServiceDatabase) -> None:
    """Brings a service's database up to date."""
    result = subprocess.run(
        [sys.executable, "-m", "services.migrate", service],
        cwd=ROOT,
        env={**os.environ, f"{service.upper()}_OWNER_DATABASE_URL": database.owner_dsn},
        capture_output=True,
        text=True,
        timeout=_MIGRATION_TIMEOUT,
        check=False,
    )
    if result.returncode != 0:
        raise RuntimeError(f"The migrations of {service} failed:\n{result.stderr[-4000:]}")
