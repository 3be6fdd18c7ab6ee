"""kill -9 between a commit and its delivery, in processes of their own: what was decided holds, and is told later."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from scripts.devtools.settings import ROOT
from tests.support.ports import free_port
from tests.support.service import SETTINGS
from tests.unit.campaigns.campaigns import Campaigns
from tests.unit.campaigns.test_snapshots import make_due

HOUR = timedelta(hours=1)
KEY = {"x-backend-key": SETTINGS["backend_keys"][0], "x-actor": "usr_editor"}


@dataclass
class Silence:
    """An entries service that takes a connection and never answers; `reached` says that somebody is waiting for it."""

    port: int = field(default_factory=free_port)
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while (line := await reader.readline()) and b"/snapshots/campaigns" not in line:
                continue
            if line:
                self.reached.set()
                await reader.read()
            writer.close()

        server = await asyncio.start_server(hold, "127.0.0.1", self.port)
        try:
            yield
        finally:
            server.close()


@asynccontextmanager
async def process(campaigns: Campaigns, silence: Silence, *command: str, **ports: int) -> AsyncIterator[None]:
    """A process of the Campaign Service on the test's database, killed at the end."""
    environment = {
        **os.environ,
        **{
            name.upper(): ",".join(value) if isinstance(value, list) else value
            for name, value in SETTINGS.items()
        },
        **{name: str(port) for name, port in ports.items()},
        "CAMPAIGNS_DATABASE_URL": campaigns.dsn,
        "ENTRIES_BACKEND_URL": f"http://127.0.0.1:{silence.port}",
        "USERS_BACKEND_URL": "",
        "CODES_BACKEND_URL": "",
        "LOG_LEVEL": "error",
    }
    running = await asyncio.create_subprocess_exec(sys.executable, "-m", *command, cwd=ROOT, env=environment)
    try:
        yield
    finally:
        running.kill()
        await running.wait()


async def told_later(campaigns: Campaigns, id_: str) -> str:
    """The state that entries learns once somebody delivers again."""
    async with asyncio.timeout(20):
        while await campaigns.count("outbox"):
            await make_due(campaigns)
            await campaigns.resources.outbox.drain()
    return campaigns.receivers.latest("entries", id_)["state"]


async def test_a_publisher_killed_before_it_could_tell_has_decided_all_the_same(campaigns: Campaigns) -> None:
    id_ = await campaigns.opened()
    version = await campaigns.version(id_)
    silence, port = Silence(), free_port()
    async with silence.listening(), httpx.AsyncClient(trust_env=False, timeout=20) as client:
        command = ("services.serve", "campaigns", "--backend")
        async with process(campaigns, silence, *command, CAMPAIGNS_BACKEND_PORT=port):
            base = f"http://127.0.0.1:{port}"
            await answers(client, f"{base}/livez")
            body = {"to": "CLOSED", "expected_version": version}
            closing = asyncio.create_task(
                client.post(f"{base}/campaigns/{id_}/transitions", json=body, headers=KEY)
            )
            async with asyncio.timeout(20):
                await silence.reached.wait()
        with pytest.raises(httpx.TransportError):
            await closing
    assert await campaigns.state(id_) == "CLOSED"
    assert campaigns.receivers.latest("entries", id_)["state"] == "OPEN"
    assert await told_later(campaigns, id_) == "CLOSED"
    assert [event["action"] for event in campaigns.receivers.audit][-1] == "transitionCampaign"


async def test_a_worker_killed_while_it_tells_of_an_opening_is_made_up_for(campaigns: Campaigns) -> None:
    id_ = await campaigns.draft()
    now = datetime.now(UTC)
    await campaigns.put(id_, state="SCHEDULED", opens_at=now - HOUR, closes_at=now + HOUR)
    version = await campaigns.version(id_)
    silence = Silence()
    worker = process(campaigns, silence, "services.worker", "campaigns", WORKER_PORT=free_port())
    async with silence.listening(), worker, asyncio.timeout(30):
        await silence.reached.wait()
    assert campaigns.receivers.latest("entries", id_)["state"] == "DRAFT"
    assert await campaigns.resources.changes.apply_windows() == 0
    assert await campaigns.version(id_) == version + 1
    assert await told_later(campaigns, id_) == "OPEN"


async def test_a_worker_killed_before_it_began_leaves_nothing_shut(campaigns: Campaigns) -> None:
    """No worker at all: what is shown and what may be done follows the window, and only the writing down waits."""
    id_ = await campaigns.draft()
    now = datetime.now(UTC)
    await campaigns.put(id_, state="SCHEDULED", opens_at=now - HOUR, closes_at=now + HOUR)
    assert await campaigns.state(id_) == "OPEN"
    assert (await campaigns.transition(id_, "PAUSED"))["campaign"]["state"] == "PAUSED"
    assert campaigns.receivers.latest("entries", id_)["state"] == "PAUSED"


async def answers(client: httpx.AsyncClient, url: str) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                if (await client.get(url)).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.05)
