"""Made-up requests: how many, from which seed, with real ids in them so that they get past the door, and what no answer
to any of them may hold.

`FUZZ_EXAMPLES` and `FUZZ_SEED` make a longer run, or another one, than the one that every run repeats.
"""

import json
import os
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes

from tests.contract.permissions.world import World, uid

SLOW_IS_FINE = (
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
)
SEED = int(os.environ.get("FUZZ_SEED", "1"))
PERSONAS = ("owner", "fan", "other-fan", "outsider")
CODES = {"BAD_REQUEST", "FORBIDDEN", "GRAPHQL_VALIDATION_FAILED", "UNAUTHENTICATED"}
"""What may be among GraphQL's errors. A server error has another code, and so has what did not answer."""

INSIDE = re.compile(
    r"Traceback|\.py\b|\.mjs\b|node_modules|\bSELECT \w|INSERT INTO|asyncpg|psycopg|postgres|msgspec|strawberry|httpx"
    r"|127\.0\.0\.1:\d|localhost|ECONNREFUSED|serviceName"
)
SCALARS = {
    name: st.sampled_from(values).map(nodes.String)
    for name, values in {
        "CountryCode": ["US", "IE", "MX", "ZZ"],
        "DateTime": ["2030-01-01T00:00:00Z", "2030-06-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "soon"],
        "EmailAddress": ["a@example.com", "a@", ""],
        "Locale": ["en-US", "fr-CA", "es-MX", "tlh-KL"],
        "PhoneNumber": ["+12125550100", "+442071838750", "+1", ""],
        "URL": ["https://example.com/a", "javascript:alert(1)", "http://[::1", ""],
    }.items()
}


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
        return seed(SEED)(limits(test))

    return decorate


def check_graphql(status: int, text: str, codes: Collection[str] = CODES) -> str:
    """What kind of answer this is. Fails on a server error, on what is no GraphQL, on another code and on a leak."""
    assert status < 500, text
    answer = json.loads(text)
    found = {error["extensions"]["code"] for error in answer.get("errors", [])}
    assert found <= set(codes), text
    assert not INSIDE.search(text), INSIDE.search(text)
    reached = any(value is not None for value in (answer.get("data") or {}).values())
    return "data" if reached else min(found, default="nothing")


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
