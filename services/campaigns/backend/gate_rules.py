"""What a gate may look like: a tree of at most 50 nodes, 5 deep, each node with exactly one member. Pure."""

from collections.abc import Iterator

from services.campaigns.backend import gate_wire
from services.kit.errors import Issue
from services.kit.locales import COUNTRIES

MOST_DEPTH = 5
MOST_NODES = 50

BRANDS = frozenset({"VISA", "MASTERCARD", "AMEX", "DISCOVER"})
PROVIDERS = frozenset({"VERIZON", "CITI"})
TIERS = frozenset({"ASU"})


def gate_issues(gate: gate_wire.Gate | None, at: list[str]) -> list[Issue]:
    """Everything that is wrong with a gate; no gate is fine."""
    if gate is None:
        return []
    if _depth_exceeds(gate, MOST_DEPTH):
        return [Issue(at, "TOO_DEEP", f"A gate may be nested {MOST_DEPTH} deep at most.")]
    nodes = list(_nodes(gate, at))
    if len(nodes) > MOST_NODES:
        return [Issue(at, "TOO_MANY", f"A gate may have {MOST_NODES} requirements at most.")]
    return [issue for path, node in nodes for issue in _node(node, path)]


def _depth_exceeds(gate: gate_wire.Gate, most: int) -> bool:
    return most == 0 or any(
        _depth_exceeds(child, most - 1) for child in [*(gate.all_of or ()), *(gate.any_of or ())]
    )


def _nodes(gate: gate_wire.Gate, at: list[str]) -> Iterator[tuple[list[str], gate_wire.Gate]]:
    yield at, gate
    for name, children in (("all_of", gate.all_of), ("any_of", gate.any_of)):
        for place, child in enumerate(children or ()):
            yield from _nodes(child, [*at, name, str(place)])


def _node(gate: gate_wire.Gate, at: list[str]) -> list[Issue]:
    given = [name for name in gate.__struct_fields__ if getattr(gate, name) is not None]
    if len(given) != 1:
        return [Issue(at, "NOT_ONE", "Each part of a gate says exactly one requirement.")]
    here = [*at, given[0]]
    if gate.all_of == [] or gate.any_of == []:
        return [Issue(here, "REQUIRED", "Name at least one requirement.")]
    if gate.phone is False or gate.membership is False:
        return [Issue(here, "MUST_BE_TRUE", "Say true, or leave the requirement out.")]
    if gate.card is not None:
        return _choice([*here, "brands"], gate.card.brands, BRANDS)
    if gate.linked_account is not None:
        return _choice([*here, "providers"], gate.linked_account.providers, PROVIDERS)
    if gate.identity is not None:
        return _choice([*here, "tier"], [gate.identity.tier], TIERS)
    if gate.region is not None:
        return _choice([*here, "countries"], gate.region.countries, frozenset(COUNTRIES))
    return []


def _choice(at: list[str], values: list[str], allowed: frozenset[str]) -> list[Issue]:
    if not values:
        return [Issue(at, "REQUIRED", "Name at least one.")]
    if len(set(values)) != len(values):
        return [Issue(at, "DUPLICATE", "Name each only once.")]
    if not allowed.issuperset(values):
        return [Issue(at, "UNKNOWN", f"This must be of {', '.join(sorted(allowed))}.")]
    return []
