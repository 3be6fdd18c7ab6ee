"""The entries service inside this process, on the running stack's database: its store, its route, its subgraph."""

import asyncio
import itertools
import os
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from typing import Any

import httpx
import msgspec

from scripts.devtools.bench.layers import BenchError, Done, Layer
from scripts.devtools.bench.requests import FanRequests
from scripts.devtools.campaign_setup import Campaign
from scripts.devtools.load.response import Response
from scripts.devtools.load.tally import acknowledged_id
from services.kit import telemetry
from services.kit.ids import user_id
from services.kit.proof import HEADER, BackendKey, RouterProof
from services.kit.upstream import Upstream

Call = Callable[
    [dict[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]
]


@asynccontextmanager
async def in_process(
    environment: dict[str, str], campaign: Campaign, fans: FanRequests, concurrency: int
) -> AsyncIterator[list[Layer]]:
    """The three layers. `environment` is what the running entries process was told. Raises BenchError."""
    os.environ.update(environment)
    backend_app = import_module("services.entries.backend.app")
    subgraph_app = import_module("services.entries.subgraph.app")
    wire = import_module("services.entries.backend.wire")
    client = import_module("services.entries.subgraph.backend")
    backend_settings = import_module("services.entries.backend.settings").Settings.load()
    settings = import_module("services.entries.subgraph.settings").Settings.load()
    telemetry.configure(backend_settings, "bench")
    async with AsyncExitStack() as stack:
        backend = backend_app.create_app(backend_settings)
        await stack.enter_async_context(backend.lifespan())
        transport = Overheard(httpx.ASGITransport(backend))
        app = subgraph_app.create_app(settings, transport=transport)
        await stack.enter_async_context(app.lifespan())
        upstream = Upstream(
            "http://backend", key=BackendKey(settings.backend_keys).value, timeout=10, transport=transport
        )
        stack.push_async_callback(upstream.aclose)
        subgraph = Subgraph(app, RouterProof(settings.router_secrets), fans, concurrency)
        await subgraph.register_one()
        submissions = Submissions(transport.registration(), campaign)
        submit, post = backend.resources.submissions.submit, client.EntriesBackend(upstream, None).submit
        yield [
            Batches("store", submit, submissions, wire, concurrency),
            Batches("route", post, submissions, client, concurrency),
            subgraph,
        ]


class Overheard(httpx.AsyncBaseTransport):
    """The way from the subgraph to its backend. It keeps what was sent last, for the layers below to send the like."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport
        self._sent = b""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Part of httpx.AsyncBaseTransport."""
        self._sent = request.content
        return await self._transport.handle_async_request(request)

    def registration(self) -> dict[str, Any]:
        """The registration that the subgraph sent last. Raises BenchError when it sent none."""
        sent = msgspec.json.decode(self._sent) if self._sent else {}
        if not sent.get("submissions"):
            raise BenchError("The subgraph did not send a first registration on to its backend: see its log.")
        return sent["submissions"][0]


class Submissions:
    """Registrations of fans who have no token, each like the one that a subgraph sent."""

    def __init__(self, example: dict[str, Any], campaign: Campaign) -> None:
        self._example = example
        self._orders = itertools.cycle(itertools.permutations(campaign.market_ids))
        self._run = secrets.token_hex(6)
        self._numbers = itertools.count()

    def batch(self, size: int) -> list[dict[str, Any]]:
        """`size` registrations, each of another fan."""
        return [self._one(next(self._numbers)) for _ in range(size)]

    def _one(self, number: int) -> dict[str, Any]:
        subject = f"bench-{self._run}-{number}"
        identity = self._example["identity"]
        changed = {
            "user_id": user_id(identity["issuer"], subject),
            "subject": subject,
            "email": f"{subject}@fans.example",
        }
        return {**self._example, "identity": {**identity, **changed}, "preferences": list(next(self._orders))}


class Batches:
    """Batches as large as the other layers' concurrency, one after another, as the micro-batch sends them."""

    def __init__(
        self,
        name: str,
        submit: Callable[[Sequence[Any]], Awaitable[list[Any]]],
        submissions: Submissions,
        types: Any,
        size: int,
    ) -> None:
        self.name = name
        self._submit = submit
        self._submissions = submissions
        self._kind = types.Submission
        self._submitted = types.Submitted
        self._size = size

    async def prepare(self, seconds: float) -> None:
        """Nothing to do."""

    async def run(self, seconds: float) -> Done:
        """One batch after another."""
        began = time.monotonic()
        count = refused = 0
        while time.monotonic() < began + seconds:
            batch = [msgspec.convert(item, self._kind) for item in self._submissions.batch(self._size)]
            outcomes = await self._submit(batch)
            taken = sum(isinstance(outcome, self._submitted) for outcome in outcomes)
            count += taken
            refused += len(outcomes) - taken
        return Done(count, time.monotonic() - began, refused)


class Subgraph:
    """The subgraph's GraphQL endpoint, spoken to as the router does: token, proof, one registration a request."""

    def __init__(self, app: Call, proof: RouterProof, fans: FanRequests, concurrency: int) -> None:
        self.name = "subgraph"
        self._app = app
        self._proof = proof
        self._fans = fans
        self._concurrency = concurrency
        self._ready: deque[tuple[bytes, bytes]] = deque()

    async def prepare(self, seconds: float) -> None:
        """Sign enough tokens."""
        await self._fans.fill(seconds, self.name)

    async def register_one(self) -> None:
        """One registration, whatever comes of it."""
        await self._fans.fill(0, self.name)
        if (request := self._fans.next()) is not None:
            token, body = request
            await self._post(b"Bearer " + token, body)

    async def run(self, seconds: float) -> Done:
        """As many at a time as agreed, each sending the next when it has its answer."""
        began = time.monotonic()
        outcomes = await asyncio.gather(
            *(self._fan_after_fan(began + seconds) for _ in range(self._concurrency))
        )
        done = Done(
            sum(taken for taken, _ in outcomes),
            time.monotonic() - began,
            sum(refused for _, refused in outcomes),
        )
        self._fans.note_rate(self.name, done)
        return done

    async def _fan_after_fan(self, deadline: float) -> tuple[int, int]:
        taken = refused = 0
        while time.monotonic() < deadline and (request := self._fans.next()) is not None:
            token, body = request
            if acknowledged_id(await self._post(b"Bearer " + token, body)) is None:
                refused += 1
            else:
                taken += 1
        return taken, refused

    async def _post(self, authorization: bytes, body: bytes) -> Response:
        status, parts = 0, list[bytes]()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                parts.append(message.get("body", b""))

        headers = [
            (b"content-type", b"application/json"),
            (b"authorization", authorization),
            (HEADER, self._proof.sign(body, authorization).encode()),
        ]
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "query_string": b"",
            "root_path": "",
            "scheme": "http",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }
        await self._app(scope, receive, send)
        return Response(status, b"".join(parts), keep_alive=True)
