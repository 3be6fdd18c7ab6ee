"""setGate: every kind of requirement, the limits, and what is refused with which path."""

import json
from typing import Any

import pytest

from services.campaigns.backend import gate_wire
from services.campaigns.backend.gate_rules import gate_issues
from tests.unit.campaigns.campaigns import Campaigns

FIELDS = """gate { __typename ...Leaf
  ... on AllOf { gates { __typename ...Leaf ... on AnyOf { gates { ...Leaf } } } } }"""
LEAF = """fragment Leaf on Gate {
  ... on CardGate { brands } ... on LinkedAccountGate { providers } ... on IdentityGate { tier }
  ... on PhoneGate { phone: required } ... on RegionGate { countries }
  ... on MembershipGate { membership: required } }"""

VALID = [
    {"phone": True},
    {"membership": True},
    {"card": {"brands": ["VISA", "AMEX"]}},
    {"linkedAccount": {"providers": ["VERIZON", "CITI"]}},
    {"identity": {"tier": "ASU"}},
    {"region": {"countries": ["IE"]}},
]


async def read_gate(campaigns: Campaigns, id_: str) -> Any:
    query = f"query ($id: ID!) {{ campaign(id: $id) {{ {FIELDS} }} }} {LEAF}"
    answer = await campaigns.service.graphql(query, {"id": id_}, token=campaigns.editor)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["campaign"]["gate"]


async def test_a_tree_of_every_requirement_reads_back(campaigns: Campaigns) -> None:
    id_ = await campaigns.draft()
    tree = {"allOf": [{"phone": True}, {"anyOf": VALID}]}
    assert (await campaigns.mutate("setGate", "", {"id": id_, "gate": tree}))["__typename"] == "GateSet"
    assert await read_gate(campaigns, id_) == {
        "__typename": "AllOf",
        "gates": [
            {"__typename": "PhoneGate", "phone": True},
            {
                "__typename": "AnyOf",
                "gates": [
                    {"phone": True},
                    {"membership": True},
                    {"brands": ["VISA", "AMEX"]},
                    {"providers": ["VERIZON", "CITI"]},
                    {"tier": "ASU"},
                    {"countries": ["IE"]},
                ],
            },
        ],
    }
    await campaigns.mutate("setGate", "", {"id": id_, "gate": None})
    assert await read_gate(campaigns, id_) is None


def nested(depth: int) -> dict[str, Any]:
    return {"phone": True} if depth == 1 else {"allOf": [nested(depth - 1)]}


def many(nodes: int) -> dict[str, Any]:
    return {"anyOf": [{"phone": True}] * (nodes - 1)}


async def test_what_is_within_the_limits_is_taken(campaigns: Campaigns, subtests: pytest.Subtests) -> None:
    for place, gate in enumerate([nested(5), many(50), *VALID]):
        with subtests.test(gate=gate):
            id_ = (await campaigns.create(slug=f"gate-{place}", gate=gate))["campaign"]["id"]
            assert await read_gate(campaigns, id_) is not None


BROKEN = [
    (nested(6), "TOO_DEEP", "gate"),
    (many(51), "TOO_MANY", "gate"),
    ({"allOf": []}, "REQUIRED", "gate.allOf"),
    ({"allOf": [{"phone": False}]}, "MUST_BE_TRUE", "gate.allOf.0.phone"),
    ({"membership": False}, "MUST_BE_TRUE", "gate.membership"),
    ({"card": {"brands": []}}, "REQUIRED", "gate.card.brands"),
    (
        {"anyOf": [{"phone": True}, {"card": {"brands": ["VISA", "VISA"]}}]},
        "DUPLICATE",
        "gate.anyOf.1.card.brands",
    ),
    ({"linkedAccount": {"providers": []}}, "REQUIRED", "gate.linkedAccount.providers"),
    ({"region": {"countries": []}}, "REQUIRED", "gate.region.countries"),
]


async def test_what_breaks_a_rule_is_refused_by_path(campaigns: Campaigns, subtests: pytest.Subtests) -> None:
    id_ = (await campaigns.create())["campaign"]["id"]
    for gate, code, path in BROKEN:
        with subtests.test(gate=gate):
            for refused in (
                await campaigns.mutate("setGate", "", {"id": id_, "gate": gate}),
                await campaigns.create(gate=gate),
            ):
                assert [(i["code"], ".".join(i["path"])) for i in refused["issues"]] == [(code, path)]
            assert await read_gate(campaigns, id_) is None


async def test_exactly_one_requirement_is_given(campaigns: Campaigns) -> None:
    id_ = (await campaigns.create())["campaign"]["id"]
    query = "mutation ($input: SetGateInput!) { setGate(input: $input) { __typename } }"
    gates: list[dict[str, Any]] = [{}, {"phone": True, "membership": True}, {"phone": None}, {"card": None}]
    for gate in gates:
        answer = await campaigns.service.graphql(
            query, {"input": {"id": id_, "gate": gate}}, token=campaigns.editor
        )
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_REQUEST"], gate


async def test_hundreds_of_levels_are_a_refusal_like_any_other(campaigns: Campaigns) -> None:
    id_ = (await campaigns.create())["campaign"]["id"]
    query = "mutation ($input: SetGateInput!) { setGate(input: $input) { __typename } }"
    for depth in (40, 100, 300, 500):
        gate = '{"allOf":[' * depth + '{"phone":true}' + "]}" * depth
        body = json.dumps({"query": query, "variables": {"input": {"id": id_, "gate": "GATE"}}}).replace(
            '"GATE"', gate
        )
        response = await campaigns.service.post(body.encode(), token=campaigns.editor)
        assert response.status_code < 500
        assert response.json().get("errors", [{}])[0].get("extensions", {}).get("code") in (
            None,
            "BAD_REQUEST",
        )


def test_the_service_itself_refuses_what_the_graph_cannot_say() -> None:
    for gate in (gate_wire.Gate(), gate_wire.Gate(phone=True, membership=True)):
        assert [issue.code for issue in gate_issues(gate, ["gate"])] == ["NOT_ONE"]
    unknown = gate_wire.Gate(card=gate_wire.CardGate(["DINERS"]))
    assert [(i.code, i.path) for i in gate_issues(unknown, ["gate"])] == [
        ("UNKNOWN", ["gate", "card", "brands"])
    ]


async def test_a_gate_can_be_set_as_long_as_winners_are_drawn(campaigns: Campaigns) -> None:
    id_ = await campaigns.opened()
    for state, taken in (("CLOSED", True), ("SELECTING", True), ("FINISHED", False), ("CANCELLED", False)):
        await campaigns.put(id_, state=state)
        result = await campaigns.mutate("setGate", "", {"id": id_, "gate": {"phone": True}})
        assert (result["__typename"] == "GateSet") == taken, state
