"""When requests are meant to be sent. Nothing here knows whether earlier ones were answered: that is the open model."""

import math
import random
from array import array
from collections.abc import Sequence
from typing import Literal

Spacing = Literal["poisson", "fixed"]


def intended_times(
    rate: float, seconds: float, spacing: Spacing = "poisson", *, seed: int | None = None
) -> "array[float]":
    """Seconds from the start at which to send, ascending, `rate` a second for `seconds`.

    `fixed` spaces them evenly. `poisson` draws exponential gaps, as independent fans arrive; it draws exactly
    `rate * seconds` of them, scaled to fill the time, so that two runs offer the same number.
    """
    count = round(rate * seconds)
    if spacing == "fixed":
        return array("d", (index / rate for index in range(count)))
    # Given their number, the times of a Poisson process are uniform order statistics.
    random_seconds = random.Random(seed)
    return array("d", sorted(random_seconds.random() * seconds for _ in range(count)))


def percentile(ascending: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed; NaN of none."""
    if not ascending:
        return math.nan
    return ascending[max(0, math.ceil(share * len(ascending)) - 1)]
