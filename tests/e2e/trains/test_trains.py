"""Each service is deployed on its own: at the last release's version beside the others' newest, and back, under load.

What goes back and forth is either the subgraph alone (with its backend's newest) or the backend alone (with its
subgraph's newest). The router is told by a new supergraph file; fans and their registrations never notice. Since every
database has the newest schema, an old process at work on it is part of the same proof.
"""

import asyncio
import json
import os
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from scripts.devtools import launch
from scripts.devtools.campaign_setup import Campaign, open_campaign
from scripts.devtools.graphql_client import GraphQLClient
from scripts.devtools.load.requests import SUBMIT, json_of
from scripts.devtools.settings import ROOT, load
from services import SERVICES
from tests.support import run
from tests.support.deployment import Deployed, deploy, last_commit_of, unpack
from tests.support.router_process import RouterProcess, compose
from tests.support.stack import RunningStack, running

RELEASED = "gateway-config/released/supergraph.graphql"
"""What the last release showed to frontends; the commit that last changed it is the release."""

PAGE = """query Page($slug: String!) {
  viewer { id locale teams { id } }
  campaign(slug: $slug) { id state content { title } viewerEligibility { eligible }
    viewerEntry { id state accessCodes { id } } }
}"""
FANS = 4
"""How many read and register at the same time, each as fast as she is answered."""


@pytest.fixture(scope="module")
def split_stack(request: pytest.FixtureRequest) -> Iterator[RunningStack]:
    """A system whose backends are processes of their own."""
    if not request.config.getoption("--trains"):
        pytest.skip("runs with --trains: it starts 25 processes and wants the machine for itself")
    data_dir = run.folder() / f"trains-{os.getpid()}"
    options = launch.Options(
        data_dir=str(data_dir), split=True, durable=False, free_ports=True, lifeline=os.getpid()
    )
    yield running(data_dir, launch.launch(options))
    launch.stop(data_dir)


@dataclass
class Tracks:
    """The router over a supergraph file in which every subgraph's address can be changed."""

    stack: RunningStack
    folder: Path
    urls: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.urls = {service: f"{self.stack.url(service)}/graphql" for service in SERVICES}

    @property
    def supergraph(self) -> Path:
        return self.folder / "live" / "supergraph.graphql"

    def lay(self, service: str | None = None, url: str = "", source: Path = ROOT) -> None:
        """Writes the file anew; with a service named, its process at `url` and its schema of `source`."""
        lines = ["federation_version: =2.9.0", "subgraphs:"]
        for name in SERVICES:
            schema = (source if name == service else ROOT) / "services" / name / "schema.graphql"
            address = f"{url}/graphql" if name == service else self.urls[name]
            lines += [f"  {name}:", f"    routing_url: {address}", f"    schema: {{file: {schema}}}"]
        given, made = self.folder / "supergraph.yaml", self.folder / "made"
        made.mkdir(exist_ok=True)
        given.write_text("\n".join(lines))
        done = compose(given, made)
        assert done.returncode == 0, done.stderr
        self.supergraph.parent.mkdir(exist_ok=True)
        (made / "supergraph.graphql").replace(self.supergraph)


@dataclass
class Traffic:
    """What fans were answered so far."""

    client: GraphQLClient
    stack: RunningStack
    campaign: Campaign
    numbers: Iterator[int] = field(default_factory=lambda: count(1_000_000 + secrets.randbelow(8_000_000)))
    outcomes: Counter[str] = field(default_factory=Counter[str])
    failures: list[str] = field(default_factory=list[str])

    async def fan(self, headers: Mapping[str, str] | None = None) -> None:
        """Somebody new registers, then reads her page."""
        token = self.stack.token(f"fan:{next(self.numbers)}")
        preferences = [{"marketId": id_} for id_ in self.campaign.market_ids]
        given = {"input": {"campaignId": self.campaign.id, "preferences": preferences}}
        for body in (json_of(SUBMIT, given), json_of(PAGE, {"slug": self.campaign.slug})):
            answer = await self.client.post_raw(body, token=token, headers=headers)
            said = json.loads(answer.body)
            if answer.status != 200 or "errors" in said:
                self.failures.append(answer.body.decode()[:500])
            elif "submitEntry" in said["data"]:
                self.outcomes[said["data"]["submitEntry"]["__typename"]] += 1
            else:
                self.outcomes["page"] += said["data"]["campaign"]["viewerEntry"]["state"] == "ACCEPTED"

    async def fans(self) -> None:
        while True:
            await self.fan()

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self.fans()) for _ in range(FANS)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended

    async def reaches(self, log: Path) -> None:
        """Waits until a request of ours is served by the process with this log, and a few fans were after that."""
        trace_id = secrets.token_hex(16)
        traced = {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}
        async with asyncio.timeout(60):
            while trace_id not in await asyncio.to_thread(log.read_text, errors="replace"):
                await self.fan(traced)
                await asyncio.sleep(0.05)
            seen = self.outcomes["page"]
            while self.outcomes["page"] < seen + 2 * FANS:
                await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source tree of the last release."""
    commit = last_commit_of(RELEASED, ROOT)
    assert commit, f"no commit of {RELEASED} is in this clone: its whole history is needed"
    return unpack(commit, tmp_path_factory.mktemp("release") / "tree", ROOT)


async def test_every_train_leaves_and_comes_back_without_a_failed_request(
    split_stack: RunningStack, release: Path, tmp_path: Path
) -> None:
    stack = split_stack
    old_subgraphs = {name: deploy(stack, name, release, {}, "released") for name in SERVICES}
    old_backends = {name: deploy(stack, f"{name}-backend", release, {}, "released") for name in SERVICES}
    beside = {
        name: deploy(stack, name, ROOT, {f"{name.upper()}_BACKEND_URL": old.url}, "beside-released")
        for name, old in old_backends.items()
    }
    started: list[Deployed] = [*old_subgraphs.values(), *old_backends.values(), *beside.values()]
    try:
        for each in started:
            await asyncio.to_thread(each.wait_until_ready)
        tracks = Tracks(stack, tmp_path)
        tracks.lay()
        settings = {"ROUTER_SECRETS": load()["ROUTER_SECRETS"], "ROUTER_SUPERGRAPH_POLL_MS": "100"}
        with RouterProcess(tracks.supergraph, settings) as router:
            async with GraphQLClient(f"{router.url}/graphql", connections=20) as client:
                campaign = await open_campaign(client, stack.token("editor"))
                traffic = Traffic(client, stack, campaign)
                async with traffic.flowing():
                    for service in SERVICES:
                        for train, source, backend in (
                            (old_subgraphs[service], release, None),
                            (beside[service], ROOT, old_backends[service]),
                        ):
                            await asyncio.to_thread(tracks.lay, service, train.url, source)
                            await traffic.reaches(train.log)
                            if backend:
                                await traffic.reaches(backend.log)
                            await asyncio.to_thread(tracks.lay)
                            await traffic.reaches(stack.data_dir / "logs" / f"{service}.log")
                            for process in (train, backend) if backend else (train,):
                                await asyncio.to_thread(process.stop)
        assert traffic.failures == []
        assert traffic.outcomes.keys() == {"EntrySubmitted", "page"}
        connection = await asyncpg.connect(stack.database("entries"))
        stored = await connection.fetchval("SELECT count(*) FROM entry WHERE campaign_id = $1", campaign.id)
        await connection.close()
        assert traffic.outcomes["EntrySubmitted"] <= stored <= traffic.outcomes["EntrySubmitted"] + FANS
    finally:
        for each in started:
            if each.process.poll() is None:
                each.process.kill()
                each.process.wait()
