"""What a process's `/metrics` says, read back from Prometheus' text format."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_LINE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")


@dataclass
class Samples:
    """The values of all series, by name and labels. Adding up is for counters and buckets of several processes."""

    values: dict[tuple[str, frozenset[tuple[str, str]]], float] = field(
        default_factory=dict[tuple[str, frozenset[tuple[str, str]]], float]
    )

    @classmethod
    def parse(cls, *texts: str) -> "Samples":
        """Of one or more processes, each of which names itself in a label."""
        samples = cls()
        for match in (
            match for text in texts for line in text.splitlines() if (match := _LINE.fullmatch(line))
        ):
            labels = {name: _ESCAPED.sub(_unescaped, value) for name, value in _LABEL.findall(match[2] or "")}
            samples.values[match[1], frozenset(labels.items())] = float(match[3])
        return samples

    @property
    def names(self) -> set[str]:
        """What there is a series of."""
        return {name for name, _ in self.values}

    def since(self, earlier: "Samples") -> "Samples":
        """What was counted between two looks. A process that began anew meanwhile counts from nothing."""
        return Samples(
            {
                key: value if value < (before := earlier.values.get(key, 0.0)) else value - before
                for key, value in self.values.items()
            }
        )

    def select(self, name: str, **labels: str | Iterable[str]) -> dict[frozenset[tuple[str, str]], float]:
        """The series of a name whose labels are as given; of several values of a label, any will do."""
        wanted = {label: {v} if isinstance(v, str) else set(v) for label, v in labels.items()}
        return {
            given: value
            for (series, given), value in self.values.items()
            if series == name and all(dict(given).get(label) in values for label, values in wanted.items())
        }

    def total(self, name: str, **labels: str | Iterable[str]) -> float:
        """The sum of the series of a name whose labels are as given."""
        return sum(self.select(name, **labels).values())

    def label_values(self, name: str, label: str) -> list[str]:
        """Every value that a label has in the series of a name."""
        return sorted({dict(given)[label] for given in self.select(name) if label in dict(given)})

    def quantile(self, share: float, name: str, **labels: str | Iterable[str]) -> float | None:
        """A quantile of a histogram, within a bucket by proportion. None where nothing was counted."""
        buckets: dict[float, float] = {}
        for given, value in self.select(f"{name}_bucket", **labels).items():
            bound = float(dict(given)["le"])
            buckets[bound] = buckets.get(bound, 0.0) + value
        return _quantile(share, buckets)


def _quantile(share: float, buckets: Mapping[float, float]) -> float | None:
    bounds = sorted(buckets)
    if not bounds or not buckets[bounds[-1]]:
        return None
    wanted = share * buckets[bounds[-1]]
    below, counted = 0.0, 0.0
    for bound in bounds:
        if buckets[bound] >= wanted:
            if bound == float("inf"):
                return below
            inside = buckets[bound] - counted
            return below + (bound - below) * ((wanted - counted) / inside if inside else 1.0)
        below, counted = bound, buckets[bound]
    return below


def _unescaped(match: re.Match[str]) -> str:
    return "\n" if match[1] == "n" else match[1]
