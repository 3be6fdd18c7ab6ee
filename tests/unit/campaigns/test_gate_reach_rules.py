"""Whom a gate lets through, against trying every fan there can be."""

from itertools import product
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from services.campaigns.backend.gate_reach_rules import admitted, dead_ends
from services.campaigns.backend.gate_wire import (
    CardGate,
    Gate,
    IdentityGate,
    LinkedAccountGate,
    RegionGate,
)

COUNTRIES = frozenset({"US", "CA", "MX"})
regions = st.sets(st.sampled_from(["US", "CA", "MX", "GB"]), min_size=1).map(
    lambda c: Gate(region=RegionGate(sorted(c)))
)
leaves = st.one_of(
    regions,
    st.just(Gate(phone=True)),
    st.just(Gate(membership=True)),
    st.just(Gate(card=CardGate(["VISA"]))),
    st.just(Gate(linked_account=LinkedAccountGate(["CITI"]))),
    st.just(Gate(identity=IdentityGate("ASU"))),
)
gates = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda children: Gate(all_of=children)),
        st.lists(inner, min_size=1, max_size=3).map(lambda children: Gate(any_of=children)),
    ),
    max_leaves=8,
)


class Fan(NamedTuple):
    """What a fan can show."""

    country: str
    phone: bool
    membership: bool
    card: bool
    account: bool
    identity: bool


def passes(fan: Fan, gate: Gate) -> bool:
    if gate.all_of is not None:
        return all(passes(fan, child) for child in gate.all_of)
    if gate.any_of is not None:
        return any(passes(fan, child) for child in gate.any_of)
    if gate.region is not None:
        return fan.country in gate.region.countries
    return {
        "phone": fan.phone,
        "membership": fan.membership,
        "card": fan.card,
        "linked_account": fan.account,
        "identity": fan.identity,
    }[next(name for name in gate.__struct_fields__ if getattr(gate, name) is not None)]


FANS = [Fan(country, *rest) for country in sorted(COUNTRIES) for rest in product([True, False], repeat=5)]


@given(gates)
def test_a_country_is_admitted_exactly_if_some_fan_from_there_passes(gate: Gate) -> None:
    assert admitted(gate, COUNTRIES) == {fan.country for fan in FANS if passes(fan, gate)}


@given(gates)
def test_a_phone_can_be_done_without_exactly_if_some_fan_without_passes(gate: Gate) -> None:
    without = {fan.country for fan in FANS if not fan.phone and passes(fan, gate)}
    assert admitted(gate, COUNTRIES, with_phone=False) == without


@given(gates)
def test_without_a_dead_end_every_part_matters_and_a_shut_gate_has_one(gate: Gate) -> None:
    found = list(dead_ends(gate, COUNTRIES, ["gate"]))
    if not admitted(gate, COUNTRIES):
        assert found
    assert all(dead.path[0] == "gate" for dead in found)


def region(*countries: str) -> Gate:
    return Gate(region=RegionGate(list(countries)))


def paths(gate: Gate) -> list[str]:
    return [".".join(dead.path) for dead in dead_ends(gate, COUNTRIES, ["gate"])]


def test_a_dead_end_is_named_where_it_is() -> None:
    assert paths(region("US")) == []
    assert paths(region("GB")) == ["gate"]
    assert paths(Gate(all_of=[region("US"), region("CA")])) == ["gate"]
    assert paths(Gate(all_of=[Gate(phone=True), region("GB", "IE")])) == ["gate.allOf.1"]
    assert paths(Gate(any_of=[region("US"), region("GB")])) == ["gate.anyOf.1"]
    deep = Gate(all_of=[region("US"), Gate(any_of=[region("CA"), Gate(membership=True)])])
    assert paths(deep) == ["gate.allOf.1.anyOf.0"]
    inner = Gate(any_of=[Gate(phone=True), Gate(all_of=[region("US"), region("MX")])])
    assert paths(inner) == ["gate.anyOf.1"]
