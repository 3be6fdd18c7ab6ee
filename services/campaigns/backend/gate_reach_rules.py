"""Whom a gate lets through: which of a campaign's countries, and whether there is a way without a phone. Pure.

A gate has no "not", and all a fan must show but her country is independent of everything else. So whether somebody can
pass is decided exactly by trying each country for a fan who can show the rest.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from services.campaigns.backend.gate_wire import Gate

Path = list[str]
Countries = frozenset[str]


@dataclass(frozen=True, slots=True)
class DeadEnd:
    """A part of a gate, at `path`, that nobody of `countries` can fulfil: those whom the rest of the gate lets in."""

    path: Path
    countries: Countries


def admitted(gate: Gate | None, countries: Countries, *, with_phone: bool = True) -> Countries:
    """Those of `countries` from which a fan who can show everything else can pass; `with_phone` unless she has none."""
    if gate is None:
        return countries
    if gate.all_of is not None:
        return countries.intersection(*(admitted(g, countries, with_phone=with_phone) for g in gate.all_of))
    if gate.any_of is not None:
        return frozenset[str]().union(*(admitted(g, countries, with_phone=with_phone) for g in gate.any_of))
    if gate.region is not None:
        return countries & frozenset(gate.region.countries)
    if gate.phone is not None and not with_phone:
        return frozenset()
    return countries


def dead_ends(gate: Gate | None, countries: Countries, at: Path) -> Iterator[DeadEnd]:
    """The smallest parts of a gate that no fan from `countries` can fulfil, as they stand among the others.

    A branch of an `anyOf` is dead if it contradicts what is asked around it, too.
    """
    if gate is None:
        return
    if not admitted(gate, countries):
        inner = [dead for path, child in _children(gate, at) for dead in dead_ends(child, countries, path)]
        yield from inner or [DeadEnd(at, countries)]
        return
    for place, (path, child) in enumerate(_children(gate, at)):
        around = countries
        if gate.all_of is not None:
            others = [other for where, other in enumerate(gate.all_of) if where != place]
            around = admitted(Gate(all_of=others), countries)
        yield from dead_ends(child, around, path)


def _children(gate: Gate, at: Path) -> Iterator[tuple[Path, Gate]]:
    for name, children in (("allOf", gate.all_of), ("anyOf", gate.any_of)):
        for place, child in enumerate(children or ()):
            yield [*at, name, str(place)], child
