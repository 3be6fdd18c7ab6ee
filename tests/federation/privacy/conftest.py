"""The four services over each other, in-process, each on a database of its own: the road of a privacy request."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from scripts.devtools.databases import ServiceDatabase
from services.kit.ids import new_id, user_id
from tests.support import issuer
from tests.support.service import ServiceUnderTest, open_service
from tests.unit.entries.registrations import SUBMIT, campaign, wishes

NAMES = ("users", "campaigns", "entries", "codes")


class Wire(httpx.AsyncBaseTransport):
    """The way to a backend that is opened later; `down` cuts it, `calls` are the paths that went over it."""

    def __init__(self) -> None:
        self.app: Any = None
        self.down = False
        self.calls: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request.url.path)
        if self.down:
            raise httpx.ConnectError("cut")
        return await httpx.ASGITransport(self.app).handle_async_request(request)


@dataclass
class System:
    """Four services and the wires between them."""

    wires: dict[str, Wire]
    users: ServiceUnderTest
    campaigns: ServiceUnderTest
    entries: ServiceUnderTest
    codes: ServiceUnderTest
    campaign: dict[str, Any] = field(default_factory=dict[str, Any])
    databases: Mapping[str, ServiceDatabase] = field(default_factory=dict[str, ServiceDatabase])

    @property
    def services(self) -> list[ServiceUnderTest]:
        return [self.users, self.campaigns, self.entries, self.codes]

    async def register(self, subject: str, **claims: Any) -> None:
        """A fan enters the campaign, and users hears of it."""
        token = issuer.token(subject, **claims)
        answer = await self.entries.graphql(SUBMIT, {"input": wishes(self.campaign)}, token=token)
        assert answer["data"]["submitEntry"]["__typename"] == "EntrySubmitted", answer
        await deliver_all(self.entries)

    async def win(self, subject: str) -> str:
        """A fan has been drawn and holds a code that was released to her: as the ledger has it. Its id."""
        code, selection = new_id("cod"), new_id("sel")
        pool = self.codes.resources.database.pool
        entry = await self.entries.resources.database.pool.fetchval(
            "SELECT id FROM entry WHERE user_id = $1", uid(subject)
        )
        sealed = self.codes.resources.sealer.seal("CANARY-CODE-1", "code.value")
        await pool.execute(
            """
            WITH p AS (
                INSERT INTO code_pool (id, event_id, campaign_id, imported, taken, assigned)
                VALUES ($1, $2, $3, 1, 1, 1) RETURNING id
            ), d AS (
                INSERT INTO distribution (id, wave_id, campaign_id, state, created_by, finished_at, released_at)
                VALUES ($4, $5, $3, 'SUCCEEDED', 'usr_staff', now(), now()) RETURNING id
            ), c AS (
                INSERT INTO code (id, pool_id, position, sealed, lookup)
                SELECT $6, id, 1, $7, $7 FROM p RETURNING id
            )
            INSERT INTO assignment
                (code_id, pool_id, selection_id, wave_id, distribution_id, entry_id, user_id, revealed_at)
            SELECT c.id, p.id, $8, $5, d.id, $9, $10, now() FROM c, d, p
            """,
            new_id("pool"),
            self.campaign["events"][0]["id"],
            self.campaign["id"],
            new_id("dst"),
            new_id("wav"),
            code,
            sealed,
            selection,
            entry,
            uid(subject),
        )
        return code


def uid(subject: str) -> str:
    return user_id(issuer.ISSUER, subject)


async def deliver_all(service: ServiceUnderTest) -> None:
    """What the worker does once messages are due."""
    await service.resources.database.pool.execute("UPDATE outbox SET next_attempt_at = now()")
    await service.resources.outbox.drain()


@pytest.fixture
async def system(database: Callable[[str], ServiceDatabase], tmp_path: Any) -> AsyncIterator[System]:
    wires = {name: Wire() for name in NAMES}
    async with AsyncExitStack() as stack:
        opened: dict[str, ServiceUnderTest] = {}
        databases = {name: database(name) for name in NAMES}
        for name in NAMES:
            transports = {other: wire for other, wire in wires.items() if other != name}
            own = {"sms_outbox": tmp_path / "sms.ndjson"} if name == "users" else {}
            opened[name] = await stack.enter_async_context(
                open_service(
                    name,
                    databases[name].service_dsn,
                    transports=transports,
                    files_url=str(tmp_path / "files"),
                    privacy_lease_seconds=0.001,
                    **own,
                )
            )
            wires[name].app = opened[name].backend
        system = System(wires, **opened, campaign=campaign(), databases=databases)
        for receiver in (system.entries, system.codes, system.users):
            answer = await receiver.rest("PUT", "/snapshots/campaigns", {"campaigns": [system.campaign]})
            assert answer.status_code == 200, answer.text
        yield system
