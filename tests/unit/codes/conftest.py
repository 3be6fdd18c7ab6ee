"""The codes service on real PostgreSQL; its peers, entries and users, are stood in for at the seam."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from scripts.devtools.databases import ServiceDatabase
from services.codes.backend import jobs as codes_jobs
from services.codes.backend.app import Service
from services.kit.ids import new_id
from services.kit.jobs import Jobs
from tests.support.service import ServiceUnderTest, _user_service, open_service
from tests.unit.codes.entries_peer import EntriesPeer, Winner

OpenCodes = Callable[[], Awaitable["Codes"]]

PLATFORM_SECRETS = ["axs:an-old-secret-of-axs|a-new-secret-of-axs", "seatly:the-secret-of-seatly"]

SOMEBODY_WAITS = """
SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
"""A row for each session of this database that waits for a lock; other tests' databases are on the same server."""


class Codes:
    """The service under test with a campaign of a team, and words for what tests do with it."""

    def __init__(self, service: ServiceUnderTest, database: ServiceDatabase, entries: EntriesPeer) -> None:
        self.service = service
        self.database = database
        self.entries = entries
        self.audit: list[dict[str, Any]] = []
        self.contacts: dict[str, dict[str, Any]] = {}
        self.uploads: dict[str, dict[str, Any]] = {}
        self.team = new_id("tea")
        self.campaign = new_id("cmp")
        self.events = [new_id("evt") for _ in range(3)]
        self.manager = service.grant("manager", "CODE_MANAGE", self.team)

    @property
    def resources(self) -> Service:
        return self.service.resources

    async def publish(
        self,
        *,
        version: int = 1,
        events: list[str] | None = None,
        team: str | None = None,
        **of_events: Any,
    ) -> None:
        """The campaign's snapshot arrives."""
        snapshot = {
            "id": self.campaign,
            "team_id": team or self.team,
            "version": version,
            "state": "OPEN",
            "slug": "the-tour",
            "default_locale": "en-US",
            "titles": {"en-US": "The Tour", "fr-CA": "La Tournée"},
            "sms_templates": {
                "en-US": "{campaign}! {code} for {event}: {link}",
                "fr-CA": "{campaign}\u00a0: {code}",
            },
            "events": [
                {
                    "id": event,
                    "market_id": new_id("mkt"),
                    "name": "Night 1",
                    "code_mode": "SINGLE_USE",
                    "allocation": 9,
                    "ticket_limit": 4,
                    **of_events,
                }
                for event in (self.events if events is None else events)
            ],
        }
        answer = await self.service.rest("PUT", "/snapshots/campaigns", {"campaigns": [snapshot]})
        assert answer.status_code == 200, answer.text

    async def mutate(self, name: str, fields: str, token: str | None = None, **input: Any) -> dict[str, Any]:
        """The mutation's result, sent by the code manager unless by `token`. Fails on errors."""
        answer = await self.try_to(name, fields, token or self.manager, **input)
        assert "errors" not in answer, answer["errors"]
        return answer["data"][name]

    async def try_to(self, name: str, fields: str, token: str | None, **input: Any) -> dict[str, Any]:
        """The mutation's whole answer."""
        kind = name[0].upper() + name[1:]
        query = f"mutation ($input: {kind}Input!) {{ {name}(input: $input) {{ __typename {fields} }} }}"
        return await self.service.graphql(query, {"input": input}, token=token)

    async def ask(self, query: str, token: str | None = None, **variables: Any) -> dict[str, Any]:
        """The data of a query, sent by the code manager unless by `token`. Fails on errors."""
        answer = await self.service.graphql(query, variables, token=token or self.manager)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def pool(self, event: str, codes: int = 0) -> str:
        """The id of the event's pool, with that many codes added."""
        made = await self.mutate("createCodePool", "... on CodePoolCreated { pool { id } }", eventId=event)
        pool = made["pool"]["id"]
        if codes:
            await self.mutate("generateCodes", "... on CodesGenerated { count }", poolId=pool, count=codes)
        return pool

    async def pool_by_id(self, pool: str) -> dict[str, Any] | None:
        """The pool as the code manager sees it."""
        representation = {"__typename": "CodePool", "id": pool}
        [found] = await self.service.entities("... on CodePool { id }", [representation], token=self.manager)
        return found

    async def import_csv(self, pool: str, csv: str) -> dict[str, Any]:
        """The finished import of a file."""
        fields = (
            "... on CodeImportStarted { import { id } } ... on ValidationFailed { issues { code message } }"
        )
        started = await self.mutate("importCodes", fields, poolId=pool, csv=csv)
        assert started["__typename"] == "CodeImportStarted", started
        await self.work()
        fields = "state progress accepted duplicates malformed failure errors { line code message }"
        query = f"query ($id: ID!) {{ codeImport(id: $id) {{ {fields} }} }}"
        return (await self.ask(query, id=started["import"]["id"]))["codeImport"]

    async def assign(self, wave: str, key: str | None = None) -> dict[str, Any]:
        """What assignCodes answers to the code manager."""
        fields = """... on CodesAssignmentStarted { replayed distribution { id } }
            ... on InsufficientCodes { message shortfalls { event { id } missing } }
            ... on WaveNotFinalized { message } ... on IdempotencyMismatch { message } ... on NotFound { message }"""
        return await self.mutate("assignCodes", fields, waveId=wave, idempotencyKey=key)

    async def counts(self, event: str) -> dict[str, int]:
        """The counts of an event's pool, which must sum."""
        fields = "total imported generated available reserved assigned redeemed expired voided"
        query = f"... on Event {{ codePool {{ counts {{ {fields} }} }} }}"
        [found] = await self.service.entities(
            query, [{"__typename": "Event", "id": event}], token=self.manager
        )
        counts = found["codePool"]["counts"]
        parts = sum(
            counts[name] for name in ("available", "reserved", "assigned", "redeemed", "expired", "voided")
        )
        assert parts == counts["total"] == counts["imported"] + counts["generated"], counts
        return counts

    async def work(self) -> None:
        """Runs the worker until its queue is empty."""
        jobs = Jobs(self.database.service_dsn, "codes")
        codes_jobs.register(jobs, self.resources)
        async with jobs.app.open_async():
            await jobs.app.run_worker_async(
                queues=["codes"], wait=False, install_signal_handlers=False, delete_jobs="successful"
            )

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What the development outbox holds: text messages and mails, oldest first."""
        path = self.resources.settings.sms_outbox
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def reach(self, user: str, **contact: Any) -> None:
        """How the User Service says that a fan is reached."""
        self.contacts[user] = {"id": user, "email": None, "phone": None, "locale": "en-US", **contact}

    async def winner(self, event: str | None = None) -> tuple[Winner, str]:
        """A fan who holds a released code of the event (the first, unless given), and that code in clear."""
        [winner], [code] = await self.winners(1, event)
        return winner, code

    async def winners(self, count: int, event: str | None = None) -> tuple[list[Winner], list[str]]:
        """As `winner`, for several fans of one wave."""
        event = event or self.events[0]
        await self.pool(event, count)
        winners = [Winner(event) for _ in range(count)]
        await self.assign(self.entries.wave(self.campaign, winners))
        await self.work()
        return winners, [await self.clear(winner) for winner in winners]

    async def clear(self, winner: Winner) -> str:
        """The winner's code in clear."""
        [row] = await self.sql(
            "SELECT sealed FROM code c JOIN assignment a ON a.code_id = c.id "
            "WHERE selection_id = $1 AND superseded_by IS NULL",
            winner.id,
        )
        return self.resources.sealer.open(row["sealed"], "code.value").decode()

    async def sql(self, query: str, *arguments: Any) -> list[Any]:
        """Rows as they really are."""
        return await self.resources.database.pool.fetch(query, *arguments)

    async def ledger(self) -> list[tuple[str, str]]:
        """Every (selection, code) pair."""
        rows = await self.sql("SELECT selection_id, code_id FROM assignment ORDER BY selection_id")
        return [(row["selection_id"], row["code_id"]) for row in rows]


@asynccontextmanager
async def open_codes(database: ServiceDatabase, outbox: Path) -> AsyncIterator[Codes]:
    entries = EntriesPeer()
    granted: set[tuple[str, str, str | None]] = set()
    access = _user_service(granted)
    audit: list[dict[str, Any]] = []
    contacts: dict[str, dict[str, Any]] = {}

    def users(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/audit/events":
            audit.extend(httpx.Response(200, content=request.content).json()["events"])
        if request.url.path == "/users/contacts":
            wanted = httpx.Response(200, content=request.content).json()["ids"]
            return httpx.Response(
                200, json={"contacts": [contacts[id_] for id_ in wanted if id_ in contacts]}
            )
        return access.handler(request)  # pyright: ignore[reportReturnType]

    uploads: dict[str, dict[str, Any]] = {}

    def campaigns(request: httpx.Request) -> httpx.Response:
        wanted = httpx.Response(200, content=request.content).json()["ids"]
        return httpx.Response(200, json={"uploads": [uploads[id_] for id_ in wanted if id_ in uploads]})

    transports: dict[str, Any] = {
        "entries": entries.transport,
        "users": httpx.MockTransport(users),
        "campaigns": httpx.MockTransport(campaigns),
    }
    async with open_service(
        "codes",
        database.service_dsn,
        transports=transports,
        platform_secrets=PLATFORM_SECRETS,
        sms_outbox=outbox,
        files_url=f"file://{outbox.parent}/files",
        fan_site_url="https://fans.example",
    ) as service:
        service.granted = granted
        codes = Codes(service, database, entries)
        codes.audit, codes.contacts, codes.uploads = audit, contacts, uploads
        await codes.publish()
        yield codes


@pytest.fixture
async def codes(database: Callable[[str], ServiceDatabase], tmp_path: Path) -> AsyncIterator[Codes]:
    """The service with one campaign of three events, none of which has a pool yet."""
    async with open_codes(database("codes"), tmp_path / "outbox.ndjson") as opened:
        yield opened
