"""Idempotency keys: the same key with the same input answers what the first call answered, with another
input it is refused.
"""

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from services.kit.errors import IdempotencyMismatch, Invalid, Issue
from services.kit.pg import Connection, Database, Queries

T = TypeVar("T")
_MAX_KEY = 200
_EXPIRED_AT_ONCE = 10_000
_queries = Queries(Path(__file__).with_name("idempotency.sql"))

TABLE = """
CREATE TABLE idempotency (
    actor      text NOT NULL,
    operation  text NOT NULL,
    key        text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    digest     bytea NOT NULL,
    answer     jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (actor, operation, key)
);
"""


async def once(
    database: Database,
    connection: Connection,
    *,
    actor: str,
    operation: str,
    key: str | None,
    payload: Any,
    returns: type[T],
    action: Callable[[], Awaitable[T]],
) -> tuple[T, bool]:
    """Runs `action` in the caller's transaction, or replays what the first call with this key answered.

    Answers the result and whether it was replayed. Two calls at once wait for each other on the key's row.
    Raises IdempotencyMismatch, and Invalid for a key that cannot be stored.
    """
    if key is None:
        return await action(), False
    if not 0 < len(key) <= _MAX_KEY or not key.isprintable():
        message = f"idempotencyKey must be 1 to {_MAX_KEY} printable characters."
        raise Invalid([Issue(["idempotencyKey"], "MALFORMED", message)])
    digest = hashlib.sha256(msgspec.json.encode(payload, order="deterministic")).digest()
    who = {"actor": actor, "operation": operation, "key": key}
    if await database.fetchval(_queries.claim, connection, digest=digest, **who):
        result = await action()
        await database.execute(_queries.remember, connection, answer=msgspec.to_builtins(result), **who)
        return result, False
    earlier = await database.fetchrow(_queries.recall, connection, **who)
    if earlier is None or earlier["digest"] != digest:
        raise IdempotencyMismatch
    return msgspec.convert(earlier["answer"], returns), True


async def forget(
    database: Database, connection: Connection, *, actor: str, operation: str, key: str | None
) -> None:
    """Lets a key be used as if for the first time: what it stood for has turned out not to have happened."""
    if key is not None:
        await database.execute(_queries.release, connection, actor=actor, operation=operation, key=key)


async def expire(database: Database, days: int) -> int:
    """Drops keys older than `days`: from then on the same key counts as a new one. Answers how many went, ten thousand
    at most.
    """
    return await database.fetchval(_queries.expire, days=days, limit=_EXPIRED_AT_ONCE)
