import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from scripts.devtools import databases, postgres_binaries, processes
from scripts.devtools.postgres import EmbeddedPostgres, PostgresError
from tests.support.ports import free_port


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "postgres", free_port(), durable=False)
    yield server
    server.stop()
    server.wipe()


def _value(dsn: str, query: str) -> object:
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        row = cursor.fetchone() if cursor.description else None
    return None if row is None else row[0]


def test_data_outlives_a_stop_and_a_kill_of_the_postmaster(server: EmbeddedPostgres):
    server.start()
    _value(server.dsn(), "CREATE TABLE kept AS SELECT 1 AS one")
    server.stop()
    server.start()
    with psycopg.connect(server.dsn()) as busy:
        busy.execute("SELECT 1")
        pid = server.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert processes.wait_until(lambda: server.pid is None, timeout=10)
        server.start()
        with contextlib.suppress(psycopg.OperationalError):
            busy.rollback()
    assert _value(server.dsn(), "SELECT one FROM kept") == 1


def test_it_is_private_and_careful(server: EmbeddedPostgres):
    server.start()
    settings = {
        name: _value(server.dsn(), f"SELECT current_setting('{name}')")
        for name in (
            "listen_addresses",
            "unix_socket_directories",
            "password_encryption",
            "shared_preload_libraries",
        )
    }
    assert settings == {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "password_encryption": "scram-sha-256",
        "shared_preload_libraries": "pg_stat_statements",
    }
    methods = _value(server.dsn(), "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules")
    assert methods == "scram-sha-256"
    assert _value(server.dsn(), "SELECT upper('é')") == "É"


def test_a_stale_pid_file_that_names_a_stranger_does_not_matter(server: EmbeddedPostgres):
    server.prepare()
    (server.data_dir / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data_dir}\n")
    server.start()
    assert server.answers()


def test_a_postmaster_whose_supervisor_is_gone_is_taken_over(server: EmbeddedPostgres):
    server.start()
    orphan = server.pid
    assert orphan is not None
    successor = EmbeddedPostgres(server.data_dir, free_port(), durable=False)
    try:
        successor.start()
        assert processes.started_at(orphan) is None
    finally:
        successor.stop()


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path):
    server = EmbeddedPostgres(tmp_path / "postgres", free_port())
    server.data_dir.mkdir(parents=True)
    (server.data_dir / "thesis.txt").write_text("irreplaceable")
    try:
        with pytest.raises(PostgresError, match="holds something that is not a PostgreSQL data directory"):
            server.start()
        assert (server.data_dir / "thesis.txt").exists()
    finally:
        server.wipe()


def test_data_of_another_version_is_one_sentence(server: EmbeddedPostgres):
    server.prepare()
    (server.data_dir / "PG_VERSION").write_text("14\n")
    with pytest.raises(PostgresError, match=r"was made by PostgreSQL 14 and this is \d+: start with --fresh"):
        server.start()


def test_a_port_that_is_taken_is_told_from_its_log(server: EmbeddedPostgres, tmp_path: Path):
    server.start()
    second = EmbeddedPostgres(tmp_path / "second", server.port, durable=False)
    try:
        with pytest.raises(PostgresError, match=r"did not start: .*could not bind"):
            second.start()
    finally:
        second.wipe()


def test_data_that_the_server_could_not_reach_lies_elsewhere(tmp_path: Path):
    """As root PostgreSQL runs as somebody else, who cannot enter every folder."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "postgres", free_port())
    pointer = closed / "postgres.location"
    if os.geteuid() != 0:
        assert server.data_dir == closed / "postgres"
        return
    assert postgres_binaries.reachable(server.data_dir.parent)
    assert pointer.read_text().strip() == str(server.data_dir)
    server.wipe()
    assert not pointer.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="data lies elsewhere only for root")
def test_data_whose_folder_was_deleted_is_cleared_away_later(tmp_path: Path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    forgotten = EmbeddedPostgres(closed / "postgres", free_port())
    forgotten.prepare()
    shutil.rmtree(closed)
    closed.mkdir(mode=0o700)
    later = EmbeddedPostgres(closed / "other", free_port())
    assert not forgotten.data_dir.exists()
    later.wipe()


def test_a_system_postgresql_serves_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    bundled = postgres_binaries.locate()
    monkeypatch.setenv("EMBEDDED_POSTGRES_BIN", str(bundled.folder))
    assert postgres_binaries.locate().folder == bundled.folder
    monkeypatch.setenv("EMBEDDED_POSTGRES_BIN", str(tmp_path))
    with pytest.raises(PostgresError, match="does not run on this machine"):
        postgres_binaries.locate()


def test_each_service_has_a_database_that_only_its_two_roles_can_enter(server: EmbeddedPostgres):
    server.start()
    made = databases.provision(server.dsn(), ["users", "codes"], "p@ss/word")
    assert databases.provision(server.dsn(), ["users", "codes"], "p@ss/word") == made
    users = made["users"]
    assert _value(users.service_dsn, "SELECT current_user::text") == "users_service"
    _value(users.owner_dsn, "CREATE TABLE t ()")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        _value(users.service_dsn, "CREATE TABLE u ()")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        _value(users.service_dsn, "SELECT * FROM t")
    elsewhere = databases.with_database(users.service_dsn, "monoql_codes")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        _value(elsewhere, "SELECT 1")
    copy = databases.clone(server.dsn(), "users", "p@ss/word", name="copy", template=users.name)
    assert _value(copy.owner_dsn, "SELECT count(*) FROM t") == 0
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        _value(databases.with_database(made["codes"].service_dsn, "copy"), "SELECT 1")


def test_a_server_that_does_not_answer_is_one_sentence():
    with pytest.raises(PostgresError, match=r"^The PostgreSQL at 127\.0\.0\.1 does not answer: "):
        databases.check_server(f"postgresql://nobody@127.0.0.1:{free_port()}/postgres")
