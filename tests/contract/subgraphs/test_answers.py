"""Each subgraph over a backend that is made of its openapi.json: whatever the document allows is understood, and what
it does not allow costs an error that says nothing of the inside.
"""

import asyncio
import json
import traceback
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from random import Random
from typing import Any

import jsonschema
import pytest
from graphql import print_ast
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from scripts.devtools.settings import ROOT
from services import SERVICES
from services.kit.ids import user_id
from tests.contract.subgraphs.documented import Answers
from tests.contract.subgraphs.fake_backend import SECRET, FakeBackend
from tests.contract.subgraphs.operations import made_up, schema_of, variables_for, written
from tests.support import issuer
from tests.support.fuzzing import CODES, SEED, check_graphql, examples, repeatable
from tests.support.service import SETTINGS, SubgraphUnderTest

EXAMPLES = examples(100)
TURNS = max(1, EXAMPLES // 100)
"""How often each document of frontends is asked."""
FAN = user_id(issuer.ISSUER, "fan")


class Bench:
    """A subgraph over fakes: of its own backend, and of the users backend, which permissions are asked of."""

    def __init__(self, service: str, runner: asyncio.Runner) -> None:
        self._runner = runner
        self._token = issuer.token("fan")
        self.fakes = {name: FakeBackend(document(name)) for name in {service, "users"}}
        settings = import_module(f"services.{service}.subgraph.settings").Settings.load(**SETTINGS)
        app = import_module(f"services.{service}.subgraph.app").create_app(
            settings,
            transport=self.fakes[service],
            transports={"identity": issuer.transport(), "users": self.fakes["users"]},
        )
        self._subgraph = SubgraphUnderTest(app)

    def ask(
        self,
        query: str,
        variables: dict[str, Any],
        random: Random,
        *,
        breaking: bool,
    ) -> str:
        """What kind of answer came. Fails where it may not be."""
        for fake in self.fakes.values():
            fake.begin(random, breaking=breaking, people=(FAN,))
        token = random.choice([None, self._token, self._token])
        with capture_logs() as logs:  # to render each traceback would cost more than all the rest
            answer = self._runner.run(
                self._subgraph.post({"query": query, "variables": variables}, token=token)
            )
        assert not any(fake.unknown for fake in self.fakes.values())
        try:
            return check_graphql(answer.status_code, answer.text, CODES | self._troubles())
        except AssertionError as error:
            for each in logs:
                cause = each.get("exc_info")
                error.add_note("".join(traceback.format_exception(cause)) if cause else str(each))
            raise

    def _troubles(self) -> set[str]:
        """What else may be among the errors, after what the backends have said."""
        if any(fake.broke for fake in self.fakes.values()):
            return {"INTERNAL_SERVER_ERROR", "UNAVAILABLE"}
        return set[str]().union(*(fake.troubles for fake in self.fakes.values()))


def document(service: str) -> Any:
    return json.loads((ROOT / "services" / service / "openapi.json").read_text())


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as opened:
        yield opened


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return request.param


breaking = pytest.mark.parametrize("breaking", [False, True], ids=["allowed", "not-allowed"])


@breaking
def test_a_made_up_operation_is_answered(runner: asyncio.Runner, service: str, breaking: bool) -> None:
    bench = Bench(service, runner)
    answered: Counter[str] = Counter()

    @repeatable(EXAMPLES)
    @given(made_up(schema_of(service)), st.randoms(use_true_random=True))
    def holds(query: str, random: Random) -> None:
        answered[bench.ask(query, {}, random, breaking=breaking)] += 1

    holds()
    assert answered["data"], answered


@breaking
def test_what_frontends_ask_is_answered(runner: asyncio.Runner, service: str, breaking: bool) -> None:
    bench = Bench(service, runner)
    answered: Counter[str] = Counter()
    for place, operation in enumerate(written(service)):
        for turn in range(TURNS):
            random = Random(f"{SEED} {place} {turn}")
            variables = variables_for(operation, schema_of(service), random)
            answered[bench.ask(print_ast(operation), variables, random, breaking=breaking)] += 1
    assert answered["data"], answered


def test_the_fake_keeps_to_its_document(service: str) -> None:
    made = document(service)
    operations = [each for item in made["paths"].values() for each in item.values()]
    for place, operation in enumerate(operations):
        for status, described in operation["responses"].items():
            if "content" not in described:
                continue
            schema = next(iter(described["content"].values()))["schema"]
            for turn in range(5):
                answers = Answers(made, Random(f"{place} {status} {turn}"), ["ent_a", "usr_a"], 2)
                answer = answers.value(schema)
                if status != "default":
                    answer = answers.in_words(operation["operationId"], answer)
                jsonschema.validate(answer, {**schema, "components": made["components"]})


@pytest.mark.parametrize(
    ("service", "component", "member", "planted"),
    [
        ("entries", "Entry", "state", {"type": "string"}),
        ("entries", "Entry", "ticket_quantity", {"type": "integer"}),
        ("campaigns", "Campaign", "markets", {"type": "null"}),
        ("codes", "Code", "masked", {"enum": [SECRET]}),
    ],
)
def test_what_a_document_allows_and_the_subgraph_cannot_take_is_found(
    runner: asyncio.Runner, service: str, component: str, member: str, planted: dict[str, Any]
) -> None:
    """The negative control: the document says more than the subgraph understands, or what nobody may read."""
    bench = Bench(service, runner)
    promised = bench.fakes[service].document["components"]["schemas"][component]
    assert promised["properties"][member] != planted
    promised["properties"][member] = planted

    def ask_all() -> None:
        for place, operation in enumerate(written(service)):
            bench.ask(print_ast(operation), {}, Random(place), breaking=False)

    with pytest.raises(AssertionError):
        ask_all()
