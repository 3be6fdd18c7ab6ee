"""Operations that nobody wrote, through the router, as nobody, as a fan and as an administrator: whatever the graph
allows is answered, never by a server error, and no answer holds a word about the inside.
"""

import asyncio
import os
import re
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest
from graphql import build_schema
from hypothesis import given
from hypothesis import strategies as st
from hypothesis_graphql import from_schema

from scripts.devtools import launch
from scripts.devtools.campaign_setup import open_campaign
from scripts.devtools.graphql_client import GraphQLClient
from scripts.devtools.settings import ROOT
from tests.support import run
from tests.support.fuzzing import SCALARS, check_graphql, examples, repeatable
from tests.support.routers import needs
from tests.support.stack import RunningStack, running

ASKED = {
    "nobody": ("graphql", "public"),
    "fan": ("fan/graphql", "fan"),
    "fan:7": ("graphql", "public"),
    "admin": ("graphql", "public"),
}
"""Who asks which endpoint about which graph."""

IDS = re.compile(r'(\b(?:id|[a-z]+Id): )(?:"(?:[^"\\]|\\.)*"|-?\d+)')
KNOWN = """{ campaigns(first: 3) { nodes { id markets { id venue { id } } } } }"""
EXAMPLES = examples(75)


@pytest.fixture(scope="module")
def stack_of_its_own(request: pytest.FixtureRequest) -> Iterator[RunningStack]:
    """A system that may be left in any state: an administrator who does anything may end anything."""
    data_dir = run.folder() / f"made-up-{os.getpid()}"
    options = launch.Options(data_dir=str(data_dir), durable=False, free_ports=True, lifeline=os.getpid())
    stack = running(data_dir, launch.launch(options))
    asyncio.run(open_one(stack))
    yield stack
    launch.stop(data_dir)


async def open_one(stack: RunningStack) -> None:
    """A campaign that fans may enter."""
    async with GraphQLClient(stack.endpoint) as client:
        await open_campaign(client, stack.token("editor"))


@pytest.mark.parametrize(
    "persona",
    [
        pytest.param(persona, marks=needs("fan contract")) if persona == "fan" else persona
        for persona in ASKED
    ],
)
def test_a_made_up_operation_is_answered(stack_of_its_own: RunningStack, persona: str) -> None:
    stack = stack_of_its_own
    place, graph = ASKED[persona]
    schema = build_schema((ROOT / "gateway-config" / f"{graph}.graphql").read_text())
    headers = {} if persona == "nobody" else {"authorization": f"Bearer {stack.token(persona)}"}
    base = stack.url("router")
    answered: Counter[str] = Counter()
    with httpx.Client(headers=headers, timeout=30, trust_env=False) as client:

        def ask(document: str) -> httpx.Response:
            return client.post(f"{base}/{place}", json={"query": document})

        known = sorted(set(re.findall(r'"id":"([^"]+)"', ask(KNOWN).text)))
        assert known

        @repeatable(EXAMPLES)
        @given(from_schema(schema, custom_scalars=SCALARS, allow_x00=False), st.data())
        def holds(document: str, data: st.DataObject) -> None:
            if data.draw(st.booleans()):
                one = data.draw(st.sampled_from(known))
                document = IDS.sub(rf'\1"{one}"', document)
            answer = ask(document)
            # Links lead to the router itself, and may.
            answered[check_graphql(answer.status_code, answer.text.replace(base, ""))] += 1

        holds()
    assert answered["data"], f"nothing was reached: {answered}"


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (500, '{"data": null}'),
        (200, '{"errors": [{"message": "x", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}'),
        (200, '{"data": {"viewer": {"displayName": "http://127.0.0.1:4011/users"}}}'),
        (200, '{"errors": [{"message": "asyncpg.DataError", "extensions": {"code": "FORBIDDEN"}}]}'),
    ],
)
def test_the_check_catches(status: int, text: str) -> None:
    with pytest.raises(AssertionError):
        check_graphql(status, text)
