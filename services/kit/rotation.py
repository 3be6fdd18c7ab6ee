"""Rotation of the data keys: every sealed value is sealed anew with the current key, while requests run.

A value is replaced only if it still is what was read, so that no write of a request is lost. What is done carries
the current key's id: killed anywhere and run again, it goes on with what is left.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from services.kit.sealing import SealBroken, SealedColumn, Sealer

Connection = psycopg.Connection[tuple[Any, ...]]
Rows = list[tuple[Any, ...]]
"""Each a row's key, and behind it the sealed value."""

_PASSES = 5

_PRIMARY_KEY = """
SELECT a.attname, y.typname FROM pg_index i
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
JOIN pg_type y ON y.oid = a.atttypid
WHERE i.indrelid = to_regclass(%s) AND i.indisprimary
ORDER BY array_position(i.indkey::int2[], a.attnum)
"""

_DUE: LiteralString = """
SELECT {key}, {column} FROM {table} WHERE substr({column}, 1, %s) <> %s AND {behind} ORDER BY {key} LIMIT %s
"""

# Rows that somebody is changing are left out, not waited for: nothing here can hold up, or deadlock with, a request.
_REPLACE: LiteralString = """
WITH same AS (
    SELECT {key_of_t}, given.fresh FROM {table} t JOIN unnest({arrays}) AS given ({key}, read, fresh) USING ({key})
    WHERE t.{column} = given.read
    ORDER BY {key}
    FOR NO KEY UPDATE OF t SKIP LOCKED
)
UPDATE {table} t SET {column} = same.fresh FROM same WHERE ({key_of_t}) = ({key_of_same})
"""

_COUNT: LiteralString = """
SELECT convert_from(substr({column}, 2, get_byte({column}, 0)), 'LATIN1'), count(*)
FROM {table} WHERE {column} IS NOT NULL GROUP BY 1
"""


@dataclass
class Outcome:
    """What became of one column: how many values were sealed anew, and how many there are of each key, by its id.

    `broken` do not open: their key is unknown, or they were tampered with.
    """

    column: SealedColumn
    resealed: int = 0
    broken: int = 0
    by_key: Counter[str] = field(default_factory=Counter[str])


class Rotation:
    """One column's way to the current key, on a connection that commits each statement."""

    def __init__(self, connection: Connection, sealer: Sealer, column: SealedColumn) -> None:
        self._connection = connection
        self._sealer = sealer
        self._column = column
        self._key: list[tuple[str, str]] = connection.execute(_PRIMARY_KEY, [column.table]).fetchall()  # pyright: ignore[reportAttributeAccessIssue]

    def run(self) -> Outcome:
        """Seals anew what is sealed with another key, until nothing is left that can be."""
        outcome = Outcome(self._column)
        for _ in range(_PASSES):
            outcome.broken = 0
            replaced = sum(self.replace(rows, outcome) for rows in self.chunks())
            outcome.resealed += replaced
            if not replaced:
                break
        outcome.by_key = self.count()
        return outcome

    def count(self) -> Counter[str]:
        """How many values are sealed with each key."""
        rows = self._connection.execute(self._sql(_COUNT)).fetchall()
        return Counter(dict(rows))  # pyright: ignore[reportArgumentType]

    def chunks(self) -> Iterator[Rows]:
        """What is sealed with another key, in the order of the table's key."""
        header, after = self._sealer.header, ()
        while rows := self._due(header, after):
            yield rows
            after = rows[-1][:-1]

    def replace(self, rows: Rows, outcome: Outcome) -> int:
        """Seals these values anew, as far as they are still what was read; answers how many."""
        fresh: list[tuple[Any, ...]] = []
        for row in rows:
            try:
                value = self._sealer.open(row[-1], self._column.context)
            except SealBroken:
                outcome.broken += 1
            else:
                fresh.append((*row, self._sealer.seal(value, self._column.context)))
        if not fresh:
            return 0
        arrays = [list(column) for column in zip(*fresh, strict=True)]
        return self._connection.execute(self._sql(_REPLACE), arrays).rowcount

    def _due(self, header: bytes, after: Sequence[Any]) -> Rows:
        behind = sql.SQL("true")
        if after:
            behind = sql.SQL("({}) > ({})").format(
                self._names(), sql.SQL(", ").join([sql.Placeholder()] * len(after))
            )
        query = self._sql(_DUE, behind=behind)
        return self._connection.execute(query, [len(header), header, *after, self._column.at_once]).fetchall()

    def _sql(self, text: LiteralString, **more: sql.Composable) -> sql.Composed:
        types = [*(type_ for _, type_ in self._key), "bytea", "bytea"]
        arrays = [sql.SQL("{}::{}[]").format(sql.Placeholder(), sql.Identifier(type_)) for type_ in types]
        return sql.SQL(text).format(
            table=sql.Identifier(self._column.table),
            column=sql.Identifier(self._column.column),
            key=self._names(),
            key_of_t=self._names("t"),
            key_of_same=self._names("same"),
            arrays=sql.SQL(", ").join(arrays),
            **more,
        )

    def _names(self, of: str | None = None) -> sql.Composed:
        """The columns of the primary key."""
        parts = [sql.Identifier(of, name) if of else sql.Identifier(name) for name, _ in self._key]
        return sql.SQL(", ").join(parts)


def rotate(
    url: str, sealer: Sealer, columns: Sequence[SealedColumn], *, only_count: bool = False
) -> Iterator[Outcome]:
    """Column by column what became of it; with `only_count` nothing is changed. `url` is the owner's: a service's
    own role may not touch rows that are written once, such as codes.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        for column in columns:
            rotation = Rotation(connection, sealer, column)
            yield Outcome(column, by_key=rotation.count()) if only_count else rotation.run()
