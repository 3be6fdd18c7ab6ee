"""Steps the rate up until the bars are missed: the highest rate that met them is the knee."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from scripts.devtools.load.measurement import Measurement

Measure = Callable[[float], Awaitable[Measurement]]


@dataclass(frozen=True)
class Ramp:
    """Rates a second: from `first` up by `step` to `last` at most."""

    first: float
    step: float
    last: float

    async def climb(self, measure: Measure) -> AsyncIterator[Measurement]:
        """Each step's run. A step that misses a bar is tried a second time: a machine has other things to do too."""
        rate = self.first
        while rate <= self.last:
            run = await measure(rate)
            yield run
            if not run.good and not run.interrupted:
                run = await measure(rate)
                yield run
            if not run.good or run.interrupted:
                return
            rate += self.step


def knee(runs: list[Measurement]) -> float | None:
    """The highest rate that met the bars, None when the first did not."""
    return max((run.rate for run in runs if run.good and not run.interrupted), default=None)
