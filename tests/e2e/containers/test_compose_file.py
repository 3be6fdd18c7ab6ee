"""compose.yaml itself: everything comes up in order and healthy, is of use, and ends when it is told to."""

import asyncio
import io
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image

from scripts.devtools.campaign_setup import open_campaign
from scripts.devtools.graphql_client import GraphQLClient
from scripts.devtools.settings import LOOPBACK
from tests.support.containers import composed
from tests.support.containers.composed import OURS, ComposedSystem
from tests.support.containers.engine import Engine, NoEngineError
from tests.support.containers.registration import register

_UPLOAD = """mutation Upload($input: CreateUploadInput!) {
  createUpload(input: $input) { ... on UploadCreated { upload { id uploadUrl } } }
}"""
_STATE = "query State($id: ID!) { upload(id: $id) { state } }"
_TEAM = "{ viewer { teams { id } } }"


@pytest.fixture(scope="module")
def system(images: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposedSystem]:
    try:
        docker = composed.find_docker()
    except NoEngineError as error:
        pytest.skip(f"did not run: {error}")
    folder = tmp_path_factory.mktemp("composed")
    composed.bring_images(images, docker, folder)
    running = ComposedSystem(docker, folder)
    try:
        running.start()
        yield running
    finally:
        running.stop()


def test_everything_is_healthy_and_what_runs_once_ended_well(system: ComposedSystem) -> None:
    states = system.states()
    assert {name: states[name]["Health"] for name in OURS} == dict.fromkeys(OURS, "healthy")
    once = {name: (states[name]["State"], states[name]["ExitCode"]) for name in ("volumes", "migrate")}
    assert set(once.values()) == {("exited", 0)}


async def test_a_fan_registers(system: ComposedSystem) -> None:
    async with GraphQLClient(system.endpoint) as client:
        campaign = await open_campaign(client, system.token("editor"))
        assert (await register(system, client, campaign))["__typename"] == "EntrySubmitted"


async def test_a_picture_goes_to_the_object_store_and_is_checked_by_the_worker(
    system: ComposedSystem,
) -> None:
    buffer = io.BytesIO()
    Image.linear_gradient("L").save(buffer, "PNG")
    async with GraphQLClient(system.endpoint) as client, httpx.AsyncClient(trust_env=False) as outside:
        token = system.token("editor")
        team = (await client.query(_TEAM, {}, token=token))["viewer"]["teams"][0]["id"]
        given = {
            "teamId": team,
            "purpose": "HERO_IMAGE",
            "filename": "hero.png",
            "contentType": "image/png",
            "byteSize": len(buffer.getvalue()),
        }
        made = (await client.query(_UPLOAD, {"input": given}, token=token))["createUpload"]["upload"]
        link = httpx.URL(made["uploadUrl"])
        assert link.host == "storage.localhost"
        # Browsers know that every name under localhost is this machine; Python asks a server of names.
        host = {"host": link.netloc.decode(), "content-type": "image/png"}
        put = await outside.put(link.copy_with(host=LOOPBACK), content=buffer.getvalue(), headers=host)
        assert put.is_success, put.text
        async with asyncio.timeout(30):
            while (await client.query(_STATE, {"id": made["id"]}, token=token))["upload"]["state"] != "READY":
                await asyncio.sleep(0.1)


def test_whoever_is_told_to_end_ends_well(system: ComposedSystem) -> None:
    """Ends all of them: nothing else in this file may come after it."""
    system.compose("stop", *OURS)
    states = system.states()
    assert {name: states[name]["ExitCode"] for name in OURS} == dict.fromkeys(OURS, 0)
