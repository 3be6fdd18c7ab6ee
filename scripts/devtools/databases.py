"""One database, one owner role and one service role for each service, on whatever server is used."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from scripts.devtools.postgres_binaries import PostgresError

OLDEST_MAJOR = 15

Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True)
class ServiceDatabase:
    """Where a service's data is: `service_dsn` (least privilege) and `owner_dsn` (migrations only)."""

    name: str
    service_dsn: str
    owner_dsn: str


def owner_role(service: str) -> str:
    """The role that owns a service's database and everything in it."""
    return f"{service}_owner"


def service_role(service: str) -> str:
    """The role a service logs in as: CONNECT and USAGE, and what the migrations grant."""
    return f"{service}_service"


def check_server(admin_dsn: str) -> None:
    """Refuse a server that does not answer or is older than 15. Raises PostgresError."""
    try:
        with psycopg.connect(admin_dsn, connect_timeout=10) as connection:
            major = connection.info.server_version // 10_000
    except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
        where = urlsplit(admin_dsn).hostname or "DATABASE_URL"
        raise PostgresError(f"The PostgreSQL at {where} does not answer: {_first_line(error)}.") from None
    if major < OLDEST_MAJOR:
        raise PostgresError(
            f"The PostgreSQL of DATABASE_URL is version {major}; MonoQL needs {OLDEST_MAJOR} or newer."
        )


def provision(
    admin_dsn: str,
    services: Iterable[str],
    password: str,
    *,
    name: str = "monoql_{service}",
) -> dict[str, ServiceDatabase]:
    """Create the roles and databases that are missing; what exists is kept, with its password set anew.

    Raises PostgresError.
    """
    try:
        with psycopg.connect(admin_dsn, autocommit=True, connect_timeout=10) as connection:
            return {
                service: _provision_one(
                    connection, admin_dsn, service, password, name.format(service=service)
                )
                for service in services
            }
    except psycopg.Error as error:
        raise PostgresError(f"Creating the databases failed: {_first_line(error)}.") from error


def describe(admin_dsn: str, services: Iterable[str], password: str) -> dict[str, ServiceDatabase]:
    """The databases that `provision` made there."""
    return {service: _describe(admin_dsn, service, password, f"monoql_{service}") for service in services}


def clone(admin_dsn: str, service: str, password: str, *, name: str, template: str) -> ServiceDatabase:
    """A new database that is a copy of `template`, a database of the same service that nobody is connected to."""
    with psycopg.connect(admin_dsn, autocommit=True, connect_timeout=10) as connection:
        connection.execute(_create_statement(connection, name, owner_role(service), template))
        _restrict(connection, name, service)
    return _describe(admin_dsn, service, password, name)


def drop(admin_dsn: str, database: str) -> None:
    """Drop a database, with its sessions."""
    with psycopg.connect(admin_dsn, autocommit=True, connect_timeout=10) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
        )


def with_database(dsn: str, database: str, user: str | None = None, password: str | None = None) -> str:
    """The same server, another database, and if given another role."""
    parts = urlsplit(dsn)
    netloc = parts.netloc
    if user is not None:
        netloc = f"{user}:{quote(password or '', safe='')}@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit((parts.scheme, netloc, f"/{database}", parts.query, ""))


def _provision_one(
    connection: Connection, admin_dsn: str, service: str, password: str, name: str
) -> ServiceDatabase:
    for role in (owner_role(service), service_role(service)):
        _ensure_role(connection, role, password)
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
        connection.execute(_create_statement(connection, name, owner_role(service), None))
    _restrict(connection, name, service)
    database = _describe(admin_dsn, service, password, name)
    with psycopg.connect(database.owner_dsn, autocommit=True, connect_timeout=10) as owned:
        owned.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        owned.execute(
            sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(service_role(service)))
        )
    return database


def _restrict(connection: Connection, name: str, service: str) -> None:
    """Nobody but the owner and the service's role may connect."""
    database, login = sql.Identifier(name), sql.Identifier(service_role(service))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, login))


def _describe(admin_dsn: str, service: str, password: str, name: str) -> ServiceDatabase:
    return ServiceDatabase(
        name=name,
        service_dsn=with_database(admin_dsn, name, service_role(service), password),
        owner_dsn=with_database(admin_dsn, name, owner_role(service), password),
    )


def _ensure_role(connection: Connection, role: str, password: str) -> None:
    found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verb = sql.SQL("CREATE" if found is None else "ALTER")
    statement = sql.SQL("{} ROLE {} LOGIN NOCREATEDB NOCREATEROLE PASSWORD {}")
    connection.execute(statement.format(verb, sql.Identifier(role), sql.Literal(password)))


def _create_statement(
    connection: Connection, database: str, owner: str, template: str | None
) -> sql.Composed:
    # An administrator who is no superuser (a managed server) must belong to the owner to create in its name.
    superuser = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    if superuser != (True,):
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(owner)))
    names = {"database": sql.Identifier(database), "owner": sql.Identifier(owner)}
    if template is not None:
        statement = sql.SQL("CREATE DATABASE {database} OWNER {owner} TEMPLATE {template}")
        return statement.format(**names, template=sql.Identifier(template))
    # Text sorts by code point whatever the server's locale, so that pages come out alike everywhere.
    locale = (
        sql.SQL("LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'")
        if connection.info.server_version >= 170_000
        else sql.SQL("LC_COLLATE 'C'")
    )
    statement = sql.SQL(
        "CREATE DATABASE {database} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8' {locale}"
    )
    return statement.format(**names, locale=locale)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
