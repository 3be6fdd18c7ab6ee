import asyncio
import contextlib
import dataclasses
from typing import Any

import httpx
import msgspec
import pytest

from services.kit.outbox import Outbox, Route
from services.kit.pg import Database
from services.kit.sealing import Sealer
from services.kit.upstream import Upstream

ROUTES = [
    Route("snapshot", "entries", "PUT", "/snapshots/things", "things"),
    Route("snapshot", "codes", "PUT", "/snapshots/things", "things"),
]


class Receiver:
    """A peer's backend at the seam: keeps what it is sent, and can be down."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.down = False
        self.cannot_take: set[Any] = set()

    @property
    def things(self) -> list[Any]:
        return [thing for body in self.bodies for thing in body["things"]]

    def upstream(self) -> Upstream:
        def answer(request: httpx.Request) -> httpx.Response:
            if self.down:
                raise httpx.ConnectError("down")
            body = msgspec.json.decode(request.content)
            if not self.cannot_take.isdisjoint(thing["id"] for thing in body["things"]):
                return httpx.Response(422, json={"code": "VALIDATION_FAILED", "detail": "no such thing"})
            self.bodies.append(body)
            return httpx.Response(200, json=None)

        return Upstream("http://peer", key="k", timeout=1, transport=httpx.MockTransport(answer))


@pytest.fixture
def entries() -> Receiver:
    return Receiver()


@pytest.fixture
def codes() -> Receiver:
    return Receiver()


@pytest.fixture
def outbox(db: Database, sealer: Sealer, entries: Receiver, codes: Receiver) -> Outbox:
    return Outbox(db, sealer, ROUTES, {"entries": entries.upstream(), "codes": codes.upstream()})


async def publish(db: Database, outbox: Outbox, *messages: Any) -> list[str]:
    async with db.transaction() as connection:
        return await outbox.publish(connection, "snapshot", messages)


async def make_due(db: Database) -> None:
    """The publisher has had its time to deliver, and so has every postponement."""
    await db.pool.execute("UPDATE outbox SET next_attempt_at = now()")


async def waiting(db: Database) -> int:
    return await db.pool.fetchval("SELECT count(*) FROM outbox")


async def test_a_message_reaches_every_target_at_once(
    db: Database, outbox: Outbox, entries: Receiver, codes: Receiver
) -> None:
    await outbox.deliver(await publish(db, outbox, {"id": "a"}))
    assert entries.things == codes.things == [{"id": "a"}]
    assert await waiting(db) == 0


async def test_a_rolled_back_message_never_leaves(db: Database, outbox: Outbox, entries: Receiver) -> None:
    with contextlib.suppress(ZeroDivisionError):
        async with db.transaction() as connection:
            await outbox.publish(connection, "snapshot", [{"id": "a"}])
            raise ZeroDivisionError
    assert await outbox.drain() == 0
    assert entries.things == []


async def test_what_one_target_did_not_take_waits_for_it_alone(
    db: Database, outbox: Outbox, entries: Receiver, codes: Receiver
) -> None:
    entries.down = True
    await outbox.deliver(await publish(db, outbox, {"id": "a"}))
    assert (codes.things, entries.things, await waiting(db)) == ([{"id": "a"}], [], 1)
    entries.down = False
    assert await outbox.drain() == 0, "postponed: not due yet"
    await make_due(db)
    assert await outbox.drain() == 1
    assert entries.things == [{"id": "a"}]


async def test_messages_are_sealed_at_rest(db: Database, outbox: Outbox) -> None:
    await publish(db, outbox, {"email": "canary@example.com"})
    bodies = [row["body"] for row in await db.pool.fetch("SELECT body FROM outbox")]
    assert bodies
    assert not any(b"canary" in body for body in bodies)


async def test_a_drain_sends_a_topic_in_few_requests(db: Database, outbox: Outbox, entries: Receiver) -> None:
    await publish(db, outbox, *({"id": number} for number in range(700)))
    await make_due(db)
    assert await outbox.drain() == 1400
    assert sorted(thing["id"] for thing in entries.things) == list(range(700))
    assert len(entries.bodies) == 2


async def test_a_message_that_cannot_be_taken_holds_up_no_other(
    db: Database, outbox: Outbox, entries: Receiver
) -> None:
    await publish(db, outbox, *({"id": number} for number in range(100)))
    await make_due(db)
    entries.cannot_take = {7, 70}
    assert await outbox.drain() == 198
    assert sorted(thing["id"] for thing in entries.things) == sorted(set(range(100)) - {7, 70})
    assert await waiting(db) == 2


async def test_a_message_that_leads_nowhere_holds_up_no_other(
    db: Database, outbox: Outbox, sealer: Sealer, entries: Receiver, codes: Receiver
) -> None:
    of_another_release = Outbox(
        db,
        sealer,
        [
            Route("rumour", "entries", "PUT", "/rumours", "rumours"),
            Route("snapshot", "nobody", "PUT", "/", "things"),
        ],
        {},
    )
    async with db.transaction() as connection:
        lost = await of_another_release.publish(connection, "rumour", [{"id": "r"}])
        lost += await of_another_release.publish(connection, "snapshot", [{"id": "s"}])
    known = await publish(db, outbox, {"id": "a"})
    await outbox.deliver([*lost, *known])
    assert entries.things == codes.things == [{"id": "a"}]
    await publish(db, outbox, {"id": "b"})
    await make_due(db)
    assert await outbox.drain() == 2
    assert entries.things == codes.things == [{"id": "a"}, {"id": "b"}]
    rows = await db.pool.fetch(
        "SELECT id, attempts, next_attempt_at > now() AS later FROM outbox ORDER BY id"
    )
    assert [tuple(row) for row in rows] == [(id_, 2, True) for id_ in sorted(lost)], "they wait, and are kept"


async def test_two_drains_at_once_send_each_message_once(
    db: Database, outbox: Outbox, entries: Receiver
) -> None:
    await publish(db, outbox, *({"id": number} for number in range(50)))
    await make_due(db)
    taken = await asyncio.gather(outbox.drain(), outbox.drain())
    assert sum(taken) == 100
    assert sorted(thing["id"] for thing in entries.things) == list(range(50))


async def test_deliveries_at_once_travel_together(db: Database, outbox: Outbox, entries: Receiver) -> None:
    published = [await publish(db, outbox, {"id": number}) for number in range(50)]
    await asyncio.gather(*(outbox.deliver(ids) for ids in published))
    assert sorted(thing["id"] for thing in entries.things) == list(range(50))
    assert len(entries.bodies) <= 3
    assert await waiting(db) == 0


async def test_nobody_waits_again_for_a_receiver_that_did_not_answer(
    db: Database, outbox: Outbox, entries: Receiver, codes: Receiver
) -> None:
    entries.down = True
    await outbox.deliver(await publish(db, outbox, {"id": 1}))
    entries.down = False
    await outbox.deliver(await publish(db, outbox, {"id": 2}))
    assert (entries.things, codes.things) == ([], [{"id": 1}, {"id": 2}])
    await make_due(db)
    assert await outbox.drain() == 2
    assert sorted(thing["id"] for thing in entries.things) == [1, 2]


async def test_what_cannot_wait_is_tried_all_the_same(
    db: Database, sealer: Sealer, entries: Receiver, codes: Receiver
) -> None:
    insisting = [dataclasses.replace(ROUTES[0], insist=True), ROUTES[1]]
    outbox = Outbox(db, sealer, insisting, {"entries": entries.upstream(), "codes": codes.upstream()})
    entries.down = codes.down = True
    await outbox.deliver(await publish(db, outbox, {"id": 1}))
    entries.down = codes.down = False
    await outbox.deliver(await publish(db, outbox, {"id": 2}))
    assert (entries.things, codes.things) == ([{"id": 2}], [])


async def test_a_message_that_does_not_open_holds_up_no_other(
    db: Database, outbox: Outbox, entries: Receiver
) -> None:
    await publish(db, outbox, {"id": "broken"})
    await db.pool.execute("UPDATE outbox SET body = set_byte(body, 30, 0)")
    await publish(db, outbox, {"id": "whole"})
    await make_due(db)
    assert await outbox.drain() == 2
    assert entries.things == [{"id": "whole"}]
    assert await waiting(db) == 2
