"""How often one fan may register or change a registration: a bucket of tokens each, refilled evenly. Pure."""

import math
from typing import Final

_ROUNDING = 1e-6


class Pace:
    """Up to `burst` calls at once, and `per_minute` in the long run, for each key.

    A key's bucket is one number: when it will be full again. Full ones are forgotten, so that memory follows the
    callers of the last moments and not all there ever were. Every process counts for itself.
    """

    def __init__(self, burst: int, per_minute: int) -> None:
        self._refill: Final = 60 / per_minute
        self._depth: Final = burst * self._refill
        self._full_at: dict[str, float] = {}

    def __len__(self) -> int:
        """How many keys' buckets are not full, as far as that was looked at."""
        return len(self._full_at)

    def take(self, key: str, now: float) -> int:
        """Takes a token at `now` (seconds of any steady clock): 0, or after how many whole seconds there will be one.

        A refusal takes nothing, so whoever waits as told gets through.
        """
        full_at = max(self._full_at.get(key, now), now) + self._refill
        if (wait := full_at - self._depth - now) > _ROUNDING:
            return math.ceil(wait)
        # At the end, so that those at the beginning have not been heard of for longest.
        self._full_at.pop(key, None)
        self._full_at[key] = full_at
        self._forget_full(now)
        return 0

    def _forget_full(self, now: float) -> None:
        for _ in range(2):
            oldest = next(iter(self._full_at))
            if self._full_at[oldest] > now:
                break
            del self._full_at[oldest]
