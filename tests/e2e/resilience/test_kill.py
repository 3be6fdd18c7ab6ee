"""kill -9 of one process: the page loses that part alone, and the process comes back."""

import asyncio
import os
import signal

from scripts.devtools.graphql_client import GraphQLClient
from tests.support.stack import RunningStack

PAGE = b'{"query":"{ viewer { id } campaigns(first: 1) { nodes { id } } }"}'


async def page(client: GraphQLClient) -> dict[str, object]:
    answer = (await client.post_raw(PAGE)).json()
    return {"codes": [e["extensions"]["code"] for e in answer.get("errors", [])], "data": answer.get("data")}


async def test_a_killed_subgraph_takes_only_its_part_and_comes_back(own_stack: RunningStack) -> None:
    async with GraphQLClient(own_stack.endpoint) as client:
        assert (await page(client))["codes"] == []
        pid = own_stack.state.processes["campaigns"].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(30):
            while (broken := await page(client))["codes"] == []:
                await asyncio.sleep(0.02)
            assert set(broken["codes"]) == {"UNAVAILABLE"}  # type: ignore[call-overload]
            while (await page(client))["codes"] != []:
                await asyncio.sleep(0.1)
        assert own_stack.state.processes["campaigns"].pid != pid


async def test_a_killed_database_comes_back_and_so_does_everything(own_stack: RunningStack) -> None:
    pid = own_stack.state.processes["postgres"].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    async with GraphQLClient(own_stack.endpoint) as client, asyncio.timeout(60):
        while (await page(client))["codes"] != [] or own_stack.state.processes["postgres"].pid in {pid, None}:
            await asyncio.sleep(0.1)
