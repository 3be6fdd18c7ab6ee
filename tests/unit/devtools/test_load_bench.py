"""The bench's rounds and medians."""

from dataclasses import dataclass, field

import httpx
import pytest

from scripts.devtools.bench.in_process import Overheard, Submissions
from scripts.devtools.bench.layers import BenchError, Done, Turn, summarize, take_turns
from scripts.devtools.campaign_setup import Campaign
from scripts.devtools.load.pages import PAGES
from scripts.devtools.load.response import Response


@dataclass
class Recorded:
    """A layer that notes its turns."""

    name: str
    order: list[str] = field(default_factory=list[str])

    async def prepare(self, seconds: float) -> None:
        self.order.append(f"prepare {self.name}")

    async def run(self, seconds: float) -> Done:
        self.order.append(self.name)
        return Done(count=10, seconds=seconds, refused=1)


async def test_layers_take_turns_and_each_round_begins_with_another_one() -> None:
    order: list[str] = []
    layers = [Recorded(name, order) for name in "abc"]

    rounds = await take_turns(layers, rounds=4, seconds=2.0, pids=dict)

    assert [name for name in order if not name.startswith("prepare")] == list("abcbcacababc")
    assert order[:2] == ["prepare a", "a"]
    assert rounds[0][0] == Turn("a", rate=5.0, refused=1, cpu_ms={})


def test_ratios_are_of_the_same_round_and_all_numbers_are_medians() -> None:
    rounds = [
        [Turn("bare", 1000, 0, {"postgres": 0.1}), Turn("store", 500, 0, {"postgres": 0.2, "router": 1.0})],
        [Turn("store", 100, 1, {"postgres": 0.9}), Turn("bare", 100, 0, {"postgres": 0.1})],
        [Turn("bare", 1000, 0, {"postgres": 0.3}), Turn("store", 600, 2, {"postgres": 0.3})],
    ]

    bare, store = summarize(rounds, "bare")

    assert (bare.layer, bare.rate, bare.ratio) == ("bare", 1000, 1.0)
    assert (store.layer, store.rate, store.ratio, store.refused) == ("store", 500, 0.6, 3)
    assert store.cpu_ms == {"postgres": 0.3}


def test_without_a_baseline_there_is_no_ratio() -> None:
    assert summarize([[Turn("page", 10, 0, {})]], "bare")[0].ratio is None


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        (b'{"data":{"campaign":{"viewerEntry":{"id":"e","accessCodes":[]},"viewerEligibility":{}}}}', True),
        (b'{"data":{"campaign":{"viewerEntry":null,"viewerEligibility":{}}}}', False),
        (b'{"data":{"campaign":null}}', False),
        (
            b'{"data":{"campaign":{"viewerEntry":{"accessCodes":null},"viewerEligibility":{}}},"errors":[]}',
            False,
        ),
    ],
)
def test_a_page_is_whole_when_every_subgraph_had_its_say(body: bytes, whole: bool) -> None:
    assert PAGES["campaign"].is_whole(Response(200, body, keep_alive=True)) is whole


EXAMPLE = {
    "campaign_id": "cmp_1",
    "identity": {
        "user_id": "usr_1",
        "issuer": "http://issuer.test",
        "subject": "fan-1",
        "email": "a@b.example",
        "country": "US",
    },
    "preferences": ["mkt_a", "mkt_b", "mkt_c"],
    "something_new": True,
}


def test_registrations_are_like_the_example_each_of_another_fan() -> None:
    submissions = Submissions(EXAMPLE, Campaign("cmp_1", "slug", ["mkt_a", "mkt_b", "mkt_c"], []))

    batch = submissions.batch(6) + submissions.batch(6)

    assert {tuple(sorted(item)) for item in batch} == {tuple(sorted(EXAMPLE))}
    assert all(item["something_new"] and item["identity"]["country"] == "US" for item in batch)
    assert len({item["identity"]["user_id"] for item in batch}) == 12
    assert len({item["identity"]["email"] for item in batch}) == 12
    assert len({tuple(item["preferences"]) for item in batch}) == 6


async def test_what_the_subgraph_sends_is_overheard() -> None:
    overheard = Overheard(httpx.MockTransport(lambda _request: httpx.Response(200)))
    with pytest.raises(BenchError):
        overheard.registration()

    async with httpx.AsyncClient(transport=overheard) as client:
        await client.post("http://backend/entries/submissions", json={"submissions": [EXAMPLE]})

    assert overheard.registration() == EXAMPLE
