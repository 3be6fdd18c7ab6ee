"""Transactional outbox: a message is a row of the publishing transaction, delivered at once after commit,
retried until taken.

Delivery is at least once and in no order; receivers upsert by version. Bodies are sealed, for a message may
hold personal data.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from services.kit.batching import MicroBatcher
from services.kit.errors import DomainError
from services.kit.ids import new_id
from services.kit.pg import Connection, Database, Queries, Row
from services.kit.sealing import SealBroken, Sealer
from services.kit.telemetry import log
from services.kit.upstream import Problem, Upstream

_queries = Queries(Path(__file__).with_name("outbox.sql"))
_encode = msgspec.json.Encoder().encode
_CONTEXT = "outbox"
_PER_REQUEST = 500
_PATIENCE_SECONDS = 3.0  # shorter than any request may take: a receiver that hangs fails no mutation
_MALFORMED = (400, 413, 422)
_SILENCE_SECONDS = 2.0  # how long no request waits again for a receiver that did not answer


@dataclass(frozen=True)
class Route:
    """Where a topic goes: `PUT` or `POST` to `path` on `target`, with the messages as the list under `field`.

    With `insist` a target that just did not answer is tried all the same: for what is rare and cannot wait.
    """

    topic: str
    target: str
    method: str
    path: str
    field: str
    insist: bool = False


class Outbox:
    """Publishes messages to other services.

    Usage: `ids = await outbox.publish(connection, "campaign", [snapshot])` inside the transaction, then
    `await outbox.deliver(ids)` after commit. The worker drains for ever what could not be delivered.
    """

    def __init__(
        self, database: Database, sealer: Sealer, routes: Sequence[Route], peers: Mapping[str, Upstream]
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._peers = peers
        self._routes: dict[str, list[Route]] = defaultdict(list)
        for route in routes:
            self._routes[route.topic].append(route)
        self._by_target = {(route.topic, route.target): route for route in routes}
        self._deliveries: MicroBatcher[Sequence[str], None] = MicroBatcher(self._deliver_together)
        self._silent_until: dict[str, float] = defaultdict(float)

    async def publish(self, connection: Connection, topic: str, messages: Iterable[Any]) -> list[str]:
        """Writes each message once per target of its topic; returns the rows' ids for `deliver`."""
        rows = [
            (new_id("out"), route.target, self.seal(message))
            for message in messages
            for route in self._routes[topic]
        ]
        await self._database.execute(
            _queries.publish,
            connection,
            ids=[row[0] for row in rows],
            topic=topic,
            targets=[row[1] for row in rows],
            bodies=[row[2] for row in rows],
        )
        return [row[0] for row in rows]

    def seal(self, message: Any) -> bytes:
        """A message as the `body` of an outbox row, for statements that write rows of their own (see outbox.sql)."""
        return self._sealer.seal(_encode(message), _CONTEXT)

    async def deliver(self, ids: Sequence[str], *, within: float = _PATIENCE_SECONDS) -> None:
        """Tries these messages once, now, together with those of other requests at this moment.

        Never raises, and gives up after `within` seconds: what is not taken by then stays for `drain`.
        """
        if not ids:
            return
        try:
            async with asyncio.timeout(within):
                await self._deliveries.submit(ids)
        except Exception as error:
            log.warning("outbox delivery postponed", reason=type(error).__name__)

    async def forget(
        self, connection: Connection, topic: str, is_gone: Callable[[dict[str, Any]], bool]
    ) -> int:
        """Removes the waiting messages of a topic that speak of somebody who is gone; answers how many.

        Bodies are sealed, so each is opened: for what is as rare as an erasure.
        """
        gone: list[str] = []
        async for rows in self._database.stream(_queries.of_topic, connection, topic=topic):
            gone += [
                row["id"]
                for row in rows
                if is_gone(msgspec.json.decode(self._sealer.open(row["body"], _CONTEXT)))
            ]
        await self._database.execute(_queries.forget, connection, ids=gone)
        return len(gone)

    async def drain(self, limit: int = 2000) -> int:
        """Sends what is due, oldest first; returns how many messages were taken."""
        async with self._database.transaction() as connection:
            return await self._send(
                connection, await self._database.fetch(_queries.lock_due, connection, limit=limit)
            )

    async def _deliver_together(self, batch: list[Sequence[str]]) -> list[Exception | None]:
        ids = [id_ for ids in batch for id_ in ids]
        async with self._database.transaction() as connection:
            rows = await self._database.fetch(_queries.lock_ids, connection, ids=ids)
            await self._send(connection, [row for row in rows if self._is_worth_a_try(row)])
        return [None for _ in batch]

    def _is_worth_a_try(self, row: Row) -> bool:
        route = self._by_target.get((row["topic"], row["target"]))
        return (route is not None and route.insist) or self._silent_until[row["target"]] <= time.monotonic()

    async def _send(self, connection: Connection, rows: list[Row]) -> int:
        groups: dict[tuple[str, str], list[tuple[str, msgspec.Raw]]] = defaultdict(list)
        for row in rows:
            if (row["topic"], row["target"]) not in self._by_target:
                # Of a release that knew more, or fewer: it waits for one that knows it, and holds up no other.
                log.error(
                    "outbox message leads nowhere", topic=row["topic"], target=row["target"], id=row["id"]
                )
                continue
            try:
                message = msgspec.Raw(self._sealer.open(row["body"], _CONTEXT))
            except SealBroken as broken:
                log.error(
                    "outbox message does not open", topic=row["topic"], id=row["id"], reason=str(broken)
                )
            else:
                groups[row["topic"], row["target"]].append((row["id"], message))
        chunks = [
            (self._by_target[key], group[start : start + _PER_REQUEST])
            for key, group in groups.items()
            for start in range(0, len(group), _PER_REQUEST)
        ]
        done = await asyncio.gather(*(self._post(route, chunk) for route, chunk in chunks))
        taken = [id_ for ids in done for id_ in ids]
        if rows:
            postponed = sorted({row["id"] for row in rows}.difference(taken))
            await self._database.execute(_queries.settle, connection, taken=taken, postponed=postponed)
        return len(taken)

    async def _post(self, route: Route, chunk: list[tuple[str, msgspec.Raw]]) -> list[str]:
        """The ids of what was taken. A chunk that is malformed for the receiver is sent again in halves: one message
        that it cannot take holds up no other.
        """
        peer = self._peers.get(route.target)
        if peer is None:
            log.warning("outbox message for a service whose URL is not set", target=route.target)
            return []
        body = {route.field: [message for _, message in chunk]}
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await peer.call(route.method, route.path, None, body, idempotent=True)
        except (Problem, DomainError, TimeoutError) as error:
            if isinstance(error, Problem) and error.status in _MALFORMED and len(chunk) > 1:
                half = len(chunk) // 2
                return [*await self._post(route, chunk[:half]), *await self._post(route, chunk[half:])]
            code = getattr(error, "code", "TIMEOUT")
            log.warning("outbox message not taken", topic=route.topic, target=route.target, code=code)
            if not isinstance(error, Problem):
                self._silent_until[route.target] = time.monotonic() + _SILENCE_SECONDS
            return []
        return [id_ for id_, _ in chunk]
