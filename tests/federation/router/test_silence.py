"""A subgraph that does not answer: what it costs, whom, and for how long."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from tests.federation.router.conftest import answer_entries
from tests.support.router_process import RouterProcess
from tests.support.subgraph_stub import Received, SubgraphStub

PAGE = "query ($id: ID!) { campaign(id: $id) { title viewerEntry { id } } }"
WHOLE = {"campaign": {"title": "Tour", "viewerEntry": {"id": "ent_1"}}}
WITHOUT = {"campaign": {"title": "Tour", "viewerEntry": None}}
DEADLINE_MS = 60_000


@dataclass
class Freezing:
    """The router with a subgraph of entries that answers nothing while `frozen`."""

    frozen: bool = True
    router: RouterProcess = field(init=False)
    entries: SubgraphStub = field(init=False)

    async def answer(self, received: Received) -> Response:
        while self.frozen:
            await asyncio.sleep(0.01)
        return await answer_entries(received)

    def page(self) -> dict[str, Any]:
        answer = self.router.post(PAGE, {"id": "cmp_1"})
        assert answer.status_code == 200
        return answer.json()

    def asked(self) -> int:
        return len(self.entries.received)


@pytest.fixture
def freezing(supergraph: Path, stubs: tuple[SubgraphStub, SubgraphStub]) -> Iterator[Freezing]:
    system = Freezing()
    settings = {
        "CAMPAIGNS_SUBGRAPH_URL": stubs[0].url,
        "ROUTER_DEADLINE_MS": str(DEADLINE_MS),
        "ROUTER_PATIENCE_MS": "150",
    }
    with SubgraphStub(system.answer) as system.entries:
        with RouterProcess(
            supergraph, {**settings, "ENTRIES_PORT": str(system.entries.port)}
        ) as system.router:
            yield system
        system.frozen = False


def wait(until: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not until():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_a_frozen_subgraph_costs_its_own_fields(freezing: Freezing):
    page = freezing.page()
    assert page["data"] == WITHOUT
    assert [error["extensions"]["code"] for error in page["errors"]] == ["UNAVAILABLE"]


def test_a_mutation_is_waited_for(freezing: Freezing):
    freezing.frozen = False
    slow = "mutation ($seconds: Float!) { submitSlowly(seconds: $seconds) { id } }"
    assert freezing.router.post(slow, {"seconds": 0.6}).json() == {"data": {"submitSlowly": {"id": "ent_2"}}}


def test_after_five_in_a_row_it_is_asked_now_and_then_until_it_is_back(freezing: Freezing):
    for _ in range(5):
        assert freezing.page()["data"] == WITHOUT
    asked = freezing.asked()
    assert asked == 5
    pages = [freezing.page()["data"] for _ in range(40)]
    assert pages == [WITHOUT] * 40
    assert freezing.asked() - asked < 40, "most pages were served without asking"
    wait(lambda: freezing.page()["data"] == WITHOUT and freezing.asked() > asked + 1)
    freezing.frozen = False
    wait(lambda: freezing.page()["data"] == WHOLE)
    assert [freezing.page()["data"] for _ in range(10)] == [WHOLE] * 10


def test_four_late_answers_and_one_in_time_make_no_silence(freezing: Freezing):
    for _ in range(3):
        for _ in range(4):
            assert freezing.page()["data"] == WITHOUT
        freezing.frozen = False
        assert freezing.page()["data"] == WHOLE
        freezing.frozen = True
    assert freezing.asked() == 15
