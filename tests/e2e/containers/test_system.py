"""A fan registers in a system of containers; each of them is healthy, without rights, and ends when it is told to."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from scripts.devtools.campaign_setup import open_campaign
from scripts.devtools.databases import with_database
from scripts.devtools.graphql_client import GraphQLClient
from services import SERVICES
from tests.support.containers.engine import EngineError
from tests.support.containers.registration import register
from tests.support.containers.system import ContainerSystem
from tests.support.postgres import Databases

PROCESSES = (*SERVICES, *(f"{service}-backend" for service in SERVICES), "worker", "router")
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"


@pytest.fixture
async def fans(containers: ContainerSystem) -> AsyncIterator[GraphQLClient]:
    async with GraphQLClient(containers.endpoint) as opened:
        yield opened


@pytest.mark.parametrize("process", PROCESSES)
def test_a_container_is_healthy_and_can_change_nothing(containers: ContainerSystem, process: str) -> None:
    engine, name = containers.engine, containers.container(process)
    assert engine.is_healthy(name)
    assert engine.run("exec", name, "id", "-u").strip() != "0"
    with pytest.raises(EngineError, match="Read-only file system"):
        engine.run("exec", name, "touch", "/app/changed")
    status = engine.run("exec", name, "grep", "CapEff", "/proc/1/status")
    assert int(status.split()[1], 16) == 0


async def test_what_is_in_flight_ends_well_when_every_container_on_its_way_is_told_to_end(
    containers: ContainerSystem, fans: GraphQLClient, databases: Databases
) -> None:
    """Ends three of the containers: nothing else in this file may come after it."""
    campaign = await open_campaign(fans, containers.token("editor"))
    assert (await register(containers, fans, campaign))["__typename"] == "EntrySubmitted"
    entries = containers.databases["entries"].name
    with psycopg.connect(with_database(databases.admin_dsn, entries)) as lock:
        lock.execute("LOCK TABLE entry IN ACCESS EXCLUSIVE MODE")
        registering = asyncio.create_task(register(containers, fans, campaign))
        with psycopg.connect(databases.admin_dsn, autocommit=True) as watch:
            async with asyncio.timeout(4):
                while watch.execute(_WAITING, [entries]).fetchone() == (0,):
                    await asyncio.sleep(0.02)
        on_the_way = [containers.container(name) for name in ("router", "entries", "entries-backend")]
        containers.engine.run("kill", "--signal=TERM", *on_the_way)
        assert not registering.done()
        lock.rollback()
    assert (await registering)["__typename"] == "EntrySubmitted"
    containers.engine.run("wait", *on_the_way)
    ended = [containers.engine.inspect("container", name)["State"]["ExitCode"] for name in on_the_way]
    assert ended == [0, 0, 0]
