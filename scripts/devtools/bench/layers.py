"""What a layer is to the bench, and the rounds in which layers take turns."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from scripts.devtools.load import usage


class BenchError(Exception):
    """A sentence: why a layer cannot be measured."""


@dataclass(frozen=True)
class Done:
    """What one turn did: `count` of whatever the layer does, in `seconds`. `refused` counts what went wrong."""

    count: int
    seconds: float
    refused: int = 0


class Layer(Protocol):
    """One way down to the database, from one depth of the house."""

    @property
    def name(self) -> str:
        """What the table calls it."""
        ...

    async def prepare(self, seconds: float) -> None:
        """Make ready for a turn of that length; not measured."""
        ...

    async def run(self, seconds: float) -> Done:
        """Do as much as it can for `seconds`."""
        ...


@dataclass(frozen=True)
class Turn:
    """One measured turn: its rate a second, and CPU milliseconds by process for each thing done."""

    layer: str
    rate: float
    refused: int
    cpu_ms: Mapping[str, float]


@dataclass(frozen=True)
class Result:
    """A layer over all rounds: medians. `ratio` is to the baseline's turn in the same round."""

    layer: str
    rate: float
    ratio: float | None
    refused: int
    cpu_ms: Mapping[str, float]


async def take_turns(
    layers: Sequence[Layer],
    *,
    rounds: int,
    seconds: float,
    pids: Callable[[], Mapping[str, int]],
    tell: Callable[[str], None] = lambda _text: None,
) -> list[list[Turn]]:
    """Every layer once a round, each round beginning with another one: what else the machine does hits all alike."""
    result: list[list[Turn]] = []
    for number in range(rounds):
        shift = number % len(layers)
        turns: list[Turn] = []
        for layer in [*layers[shift:], *layers[:shift]]:
            await layer.prepare(seconds)
            tell(f"Round {number + 1} of {rounds}: {layer.name}")
            turns.append(await _turn(layer, seconds, pids()))
        result.append(turns)
    return result


def summarize(rounds: Sequence[Sequence[Turn]], baseline: str) -> list[Result]:
    """The medians of each layer, in the order of the first round."""
    by_round = [{turn.layer: turn for turn in turns} for turns in rounds]
    return [
        _result([turns[name] for turns in by_round], [turns.get(baseline) for turns in by_round])
        for name in by_round[0]
    ]


async def _turn(layer: Layer, seconds: float, pids: Mapping[str, int]) -> Turn:
    before = usage.look(pids)
    done = await layer.run(seconds)
    after = usage.look(pids)
    per_item = 1000 / max(1, done.count)
    cpu = {name: after[name].cpu_since(before[name]) * per_item for name in before if name in after}
    return Turn(layer.name, done.count / done.seconds, done.refused, cpu)


def _result(turns: Sequence[Turn], baselines: Sequence[Turn | None]) -> Result:
    ratios = [
        turn.rate / base.rate
        for turn, base in zip(turns, baselines, strict=True)
        if base is not None and base.rate
    ]
    names = [name for name in turns[0].cpu_ms if all(name in turn.cpu_ms for turn in turns)]
    return Result(
        layer=turns[0].layer,
        rate=statistics.median(turn.rate for turn in turns),
        ratio=statistics.median(ratios) if ratios else None,
        refused=sum(turn.refused for turn in turns),
        cpu_ms={name: statistics.median(turn.cpu_ms[name] for turn in turns) for name in names},
    )
