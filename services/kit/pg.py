"""PostgreSQL by asyncpg: named queries from a `.sql` file, one pool, every statement counted and traced."""

import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from services.kit.metrics import registry
from services.kit.telemetry import span

Row = asyncpg.Record

_NAME = re.compile(r"^-- name: (\w+)\n((?:-- .*\n)*)", re.MULTILINE)
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]\w*)")
_json_encode = msgspec.json.Encoder().encode
_connections = registry.gauge("monoql_database_connections", "Connections of a pool.", ("database", "state"))


@dataclass(frozen=True, slots=True)
class Query:
    """A named statement; `:name` parameters became `$n` in the order of `parameters`."""

    name: str
    summary: str
    sql: str
    parameters: tuple[str, ...]

    def arguments(self, given: dict[str, Any]) -> list[Any]:
        if given.keys() != set(self.parameters):
            raise TypeError(f"{self.name} takes {sorted(self.parameters)}, got {sorted(given)}")
        return [given[name] for name in self.parameters]


class Queries:
    """The statements of a `queries.sql`: each is `-- name: x`, one sentence in a comment, and SQL with
    `:name` parameters.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.all = {query.name: query for query in _parse(path.read_text())}

    def __getattr__(self, name: str) -> Query:
        try:
            return self.all[name]
        except KeyError:
            raise AttributeError(f"{self.path} has no query named {name}") from None


class Database:
    """A pool of connections to one database as one role.

    Every method runs one statement. `connection` binds it to an open transaction; without it a pooled
    connection is used.
    `statements` counts what was sent, for tests that count.
    """

    def __init__(self, pool: asyncpg.Pool, *, seconds: float | None = None) -> None:
        self.pool = pool
        self.statements = 0
        self._seconds = seconds

    def patient(self, seconds: float) -> "Database":
        """The same database for background work: a statement of its transactions may take that long."""
        return Database(self.pool, seconds=seconds)

    async def fetch(
        self, query: Query, connection: "Connection | None" = None, /, **parameters: Any
    ) -> list[Row]:
        return await self._run("fetch", query, connection, parameters)

    async def fetchrow(
        self, query: Query, connection: "Connection | None" = None, /, **parameters: Any
    ) -> Row | None:
        return await self._run("fetchrow", query, connection, parameters)

    async def fetchval(
        self, query: Query, connection: "Connection | None" = None, /, **parameters: Any
    ) -> Any:
        return await self._run("fetchval", query, connection, parameters)

    async def execute(
        self, query: Query, connection: "Connection | None" = None, /, **parameters: Any
    ) -> str:
        return await self._run("execute", query, connection, parameters)

    @asynccontextmanager
    async def transaction(self, isolation: Any = None) -> AsyncIterator["Connection"]:
        """A transaction on a pooled connection; commits at the end, rolls back on an exception."""
        async with self.pool.acquire() as connection, connection.transaction(isolation=isolation):
            if self._seconds is not None:
                await connection.execute(f"SET LOCAL statement_timeout = {int(self._seconds * 1000)}")
            yield connection

    async def stream(
        self, query: Query, connection: "Connection", /, *, rows: int = 5000, **parameters: Any
    ) -> AsyncIterator[list[Row]]:
        """The result in lists of at most `rows`, by a server-side cursor of the open transaction."""
        self.statements += 1
        cursor = await connection.cursor(query.sql, *query.arguments(parameters), timeout=self._seconds)
        while chunk := await cursor.fetch(rows, timeout=self._seconds):
            yield chunk

    async def copy_lines(
        self,
        query: Query,
        connection: "Connection",
        take: Callable[[list[bytes]], None],
        /,
        **parameters: Any,
    ) -> None:
        """Hands a result of one text column to `take`, some rows at a time, by COPY: a million in about a second.

        Rows come as UTF-8; they must be free of line feeds, tabs and backslashes, which COPY would escape.
        """
        self.statements += 1
        rest = b""

        async def sink(data: bytes) -> None:
            nonlocal rest
            *rows, rest = (rest + data).split(b"\n")
            take(rows)

        arguments = query.arguments(parameters)
        await connection.copy_from_query(query.sql, *arguments, output=sink, timeout=self._seconds)

    async def check(self) -> None:
        """Raises when the database does not answer."""
        await self.pool.fetchval("SELECT 1")

    async def _run(self, method: str, query: Query, connection: Any, parameters: dict[str, Any]) -> Any:
        self.statements += 1
        with span(f"sql {query.name}"):
            call = getattr(connection or self.pool, method)
            return await call(query.sql, *query.arguments(parameters), timeout=self._seconds)


class _LeanConnection(asyncpg.Connection):
    """We keep no session state, so the pool's reset statement would only double the server's work."""

    def get_reset_query(self) -> str:
        return ""


Connection = Any  # asyncpg.Connection or the pool's proxy of one


@asynccontextmanager
async def open_database(
    url: str, *, size: int, statement_timeout_ms: int, name: str, plan_cache_mode: str = "auto"
) -> AsyncIterator[Database]:
    """A Database for the time of the context. It connects lazily, so start order does not matter."""
    pool = asyncpg.create_pool(
        url,
        min_size=0,
        max_size=size,
        connection_class=_LeanConnection,
        init=_prepare,
        command_timeout=statement_timeout_ms / 1000 + 1,
        max_inactive_connection_lifetime=120,
        server_settings={
            "statement_timeout": str(statement_timeout_ms),
            "application_name": name,
            "jit": "off",
            "plan_cache_mode": plan_cache_mode,
        },
    )
    of = name.removeprefix("monoql-")
    async with pool:
        watched = {
            (of, "busy"): lambda: pool.get_size() - pool.get_idle_size(),
            (of, "idle"): pool.get_idle_size,
        }
        with _connections.watching(watched):
            yield Database(pool)


async def _prepare(connection: Any) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, schema="pg_catalog", encoder=_to_json, decoder=msgspec.json.decode, format="text"
        )


def _to_json(value: Any) -> str:
    return _json_encode(value).decode()


def _parse(text: str) -> Iterable[Query]:
    heads = list(_NAME.finditer(text))
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        sql = text[head.end() : following.start() if following else len(text)].strip()
        names: list[str] = []

        def number(match: re.Match[str], names: list[str] = names) -> str:
            if match[1] not in names:
                names.append(match[1])
            return f"${names.index(match[1]) + 1}"

        summary = " ".join(line.removeprefix("-- ") for line in head[2].splitlines())
        yield Query(head[1], summary, _PARAMETER.sub(number, sql), tuple(names))
