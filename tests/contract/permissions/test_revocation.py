"""A role counts from the very next request on, and no longer from the very next one after it has ended; and however
much a request asks, the User Service is asked about permissions once.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from services.kit.ids import new_id
from tests.contract.permissions.world import World, token, uid

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASKED = {
    "users": "{ found: team(id: <team>) { id } }",
    "campaigns": "{ found: campaign(id: <draft>) { id } }",
    "entries": "{ found: wave(id: <wave>) { name } }",
    "codes": "{ found: codeImport(id: <import>) { state } }",
}


async def seen(world: World) -> dict[str, bool]:
    """What somebody new sees, subgraph by subgraph."""
    found: dict[str, bool] = {}
    for service, query in ASKED.items():
        for name in ("team", "draft", "wave", "import"):
            query = query.replace(f"<{name}>", f'"{world.things[name]}"')
        answer = await world.ask(service, "another-fan", query)
        assert "errors" not in answer, answer
        found[service] = answer["data"]["found"] is not None
    return found


@pytest_asyncio.fixture(loop_scope="module")
async def role(world: World) -> AsyncIterator[str]:
    """A role on the team for somebody new; its id."""
    given = f'{{ userId: "{uid("another-fan")}", role: VIEWER, teamId: "{world.things["team"]}" }}'
    granted = await world.do("users", "owner", "grantRole", given, "... on RoleGranted { binding { id } }")
    yield granted["binding"]["id"]
    pool = world.house.users.resources.database.pool
    await pool.execute("DELETE FROM role_binding WHERE user_id = $1", uid("another-fan"))


async def test_a_revoked_role_is_refused_by_every_subgraph_on_the_next_request(
    world: World, role: str
) -> None:
    assert set((await seen(world)).values()) == {True}
    await world.do("users", "owner", "revokeRole", f'{{ id: "{role}" }}')
    assert set((await seen(world)).values()) == {False}


async def test_a_role_ends_with_its_time(world: World, role: str) -> None:
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    await world.do(
        "users",
        "owner",
        "grantRole",
        f'{{ userId: "{uid("another-fan")}", role: VIEWER, teamId: "{world.things["team"]}", expiresAt: "{soon}" }}',
    )
    assert set((await seen(world)).values()) == {True}
    pool = world.house.users.resources.database.pool
    await pool.execute("UPDATE role_binding SET expires_at = now() WHERE id = $1", role)
    assert set((await seen(world)).values()) == {False}


MANY = {
    "campaigns": (
        "Campaign",
        "draft",
        "... on Campaign { scoreRange { min } content { title smsTemplate } translations { smsTemplate } }",
    ),
    "entries": (
        "Campaign",
        "campaign",
        "... on Campaign { entries { nodes { id } } waves { name } metrics { selected } exports { id } }",
    ),
    "codes": ("Event", "event", "... on Event { codePool { id counts { total } } }"),
}


@pytest.mark.parametrize("service", MANY)
async def test_permissions_of_a_request_are_asked_together(world: World, service: str) -> None:
    type_name, thing, fields = MANY[service]
    keys = [world.things[thing]] * 25 + [new_id(world.things[thing].partition("_")[0]) for _ in range(25)]
    under_test = world.house.service(service)
    users = world.house.lanes["users"]
    users.requests.clear()
    representations: list[dict[str, Any]] = [{"__typename": type_name, "id": key} for key in keys]
    query = f"query ($r: [_Any!]!) {{ _entities(representations: $r) {{ {fields} }} }}"
    answer = await under_test.graphql(query, {"r": representations}, token=token("viewer"))
    assert answer["data"]["_entities"][0] is not None
    assert users.requests == ["POST /access/check"]
