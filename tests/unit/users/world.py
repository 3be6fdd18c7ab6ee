"""People, teams and campaigns that the users tests speak of."""

import asyncio
import itertools
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.kit.ids import new_id, user_id
from services.kit.pg import Database, Query
from services.users.backend import wire
from tests.support import issuer
from tests.support.service import ServiceUnderTest

STAFF: dict[str, wire.Role] = {
    "owner": "OWNER",
    "admin": "ADMIN",
    "editor": "CAMPAIGN_EDITOR",
    "analyst": "ANALYST",
    "pii-viewer": "PII_VIEWER",
    "viewer": "VIEWER",
}


@dataclass
class EntriesPeer:
    """Stands in at the seam: takes user snapshots as the Entry Service does, or refuses them."""

    snapshots: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    down: bool = False

    def transport(self) -> httpx.MockTransport:
        def answer(request: httpx.Request) -> httpx.Response:
            if self.down:
                return httpx.Response(503, json={"code": "UNAVAILABLE", "detail": "down"})
            assert (request.method, request.url.path) == ("PUT", "/snapshots/users")
            self.snapshots += json.loads(request.content)["users"]
            return httpx.Response(200, json=None)

        return httpx.MockTransport(answer)

    def of(self, subject: str) -> list[dict[str, Any]]:
        """What came about one user, in order."""
        return [each for each in self.snapshots if each["id"] == uid(subject)]


@dataclass(frozen=True)
class World:
    """The demo team of `STAFF` with its campaign, which `fan` entered, and the other one of `outsider`."""

    team: str
    other_team: str
    campaign: str
    other_campaign: str


def uid(subject: str) -> str:
    """The user id of a token's subject."""
    return user_id(issuer.ISSUER, subject)


def sighting(subject: str, campaign_id: str | None = None, **claims: Any) -> wire.Sighting:
    members: dict[str, Any] = {
        "email": f"{subject}@example.com",
        "name": f"Name of {subject}",
        "member_id": f"member-{subject}",
        "country": "US",
        "campaign_id": campaign_id,
        **claims,
    }
    return wire.Sighting(user_id=uid(subject), issuer=issuer.ISSUER, subject=subject, **members)


async def found_team(users: ServiceUnderTest) -> World:
    world = World(new_id("tea"), new_id("tea"), new_id("cmp"), new_id("cmp"))
    service = users.resources
    await service.store.sight([sighting(name) for name in [*STAFF, "outsider", "stranger"]])
    await service.store.sight([sighting("fan", world.campaign)])
    await service.teams.found(
        wire.Team(world.team, "Demo"), uid("owner"), {uid(name): role for name, role in STAFF.items()}
    )
    await service.teams.found(
        wire.Team(world.other_team, "Other"), uid("outsider"), {uid("outsider"): "OWNER"}
    )
    await service.store.keep_campaigns(
        [
            wire.CampaignSnapshot(world.campaign, world.team, 1),
            wire.CampaignSnapshot(world.other_campaign, world.other_team, 1),
        ]
    )
    return world


def meet_after(monkeypatch: pytest.MonkeyPatch, query_name: str, *, parties: int) -> None:
    """For negative controls: the first `parties` runs of a query wait for each other before anybody goes on."""
    run = Database._run
    gate = asyncio.Barrier(parties)
    runs = itertools.count()

    async def run_and_meet(self: Database, method: str, query: Query, *rest: Any) -> Any:
        answer = await run(self, method, query, *rest)
        if query.name == query_name and next(runs) < parties:
            await gate.wait()
        return answer

    monkeypatch.setattr(Database, "_run", run_and_meet)


def record_statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of all statements that run from now on, in order."""
    run = Database._run
    names: list[str] = []

    async def run_and_note(self: Database, method: str, query: Query, *rest: Any) -> Any:
        names.append(query.name)
        return await run(self, method, query, *rest)

    monkeypatch.setattr(Database, "_run", run_and_note)
    return names


async def deliver_all(users: ServiceUnderTest) -> None:
    """What the worker does once messages are due."""
    await users.resources.database.pool.execute("UPDATE outbox SET next_attempt_at = now()")
    await users.resources.outbox.drain()


def sent(outbox: Path) -> list[dict[str, Any]]:
    """The messages that the development sender left, oldest first."""
    return [json.loads(line) for line in outbox.read_text().splitlines()] if outbox.exists() else []


def code_in(message: dict[str, Any]) -> str:
    found = re.search(r"\b\d{6}\b", message["body"])
    assert found
    return found[0]


def other_code(code: str) -> str:
    """A code that is not that one."""
    return f"{(int(code) + 1) % 1_000_000:06}"
