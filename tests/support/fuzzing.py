"""Made-up requests: how many, from which seed, and with real ids in them so that they get past the door.

`FUZZ_EXAMPLES` and `FUZZ_SEED` make a longer run, or another one, than the one that every run repeats.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st

from tests.contract.permissions.world import World, uid

SLOW_IS_FINE = (
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
)
PERSONAS = ("owner", "fan", "other-fan", "outsider")


def examples(usual: int) -> int:
    """How many cases to make."""
    return int(os.environ.get("FUZZ_EXAMPLES", usual))


def repeatable(most: int) -> Callable[[Any], Any]:
    """A property that is tried `most` times, the same each run, and reported as it was found."""

    def decorate(test: Any) -> Any:
        limits = settings(
            max_examples=most,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=SLOW_IS_FINE,
        )
        return seed(int(os.environ.get("FUZZ_SEED", "1")))(limits(test))

    return decorate


def known_ids(world: World) -> Sequence[str]:
    """The ids of everything that the world holds, and of its people."""
    return sorted({*world.things.values(), *map(uid, PERSONAS)})


def with_known_ids(value: Any, known: Sequence[str], draw: Callable[[st.SearchStrategy[Any]], Any]) -> Any:
    """The JSON value with about half of the ids in it, whatever they were, replaced by known ones."""
    if isinstance(value, dict):
        return {name: _member(name, member, known, draw) for name, member in value.items()}
    if isinstance(value, list):
        return [with_known_ids(item, known, draw) for item in value]
    return value


def _member(name: str, value: Any, known: Sequence[str], draw: Callable[..., Any]) -> Any:
    if isinstance(value, str) and (name == "id" or name.endswith(("_id", "Id"))):
        return draw(st.sampled_from(known)) if draw(st.booleans()) else value
    if isinstance(value, list) and name.endswith(("ids", "Ids")):
        return [draw(st.sampled_from(known)) if isinstance(item, str) else item for item in value]
    return with_known_ids(value, known, draw)
