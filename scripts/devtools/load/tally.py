"""What became of every request that was meant to be sent."""

import json
import math
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scripts.devtools.load.arrivals import percentile
from scripts.devtools.load.response import Response

ACKNOWLEDGED = "EntrySubmitted"
NO_ANSWER = "no answer"
_ID = b'"id":"'


@dataclass(frozen=True)
class Goal:
    """What an answer is wanted to be: `id_of` answers the id of what it acknowledges, which can be empty, and None when
    it is not that; `name` is what such answers are counted under.
    """

    name: str
    id_of: Callable[[Response], str | None]


class Tally:
    """Outcomes by request number: latency in seconds from the intended time, the kind of answer, the entry's id.

    `settled` counts the requests that have an outcome. One that never was answered counts with the time until it was
    given up, so that it weighs on the percentiles.
    """

    def __init__(self, count: int, goal: Goal | None = None) -> None:
        self.count = count
        self.goal = goal or REGISTERED
        self.kinds: Counter[str] = Counter()
        self.entry_ids: dict[int, str] = {}
        self.latencies = array("d", [math.nan]) * count
        self.settled = 0

    @property
    def acknowledged(self) -> int:
        """How many got what they wanted: were told that their entry is in, saw their page."""
        return self.kinds[self.goal.name]

    def answered(self, number: int, latency: float, response: Response) -> None:
        """Note an answer."""
        self.latencies[number] = latency
        self.settled += 1
        entry_id = self.goal.id_of(response)
        if entry_id is None:
            self.kinds[kind_of(response)] += 1
        else:
            self.kinds[self.goal.name] += 1
            self.entry_ids[number] = entry_id

    def failed(self, number: int, latency: float, kind: str = NO_ANSWER) -> None:
        """Note that no answer came, or none that is HTTP."""
        self.latencies[number] = latency
        self.settled += 1
        self.kinds[kind] += 1

    def summary(self) -> "Latency":
        """The percentiles of all requests that have an outcome."""
        known = sorted(latency for latency in self.latencies if not math.isnan(latency))
        return Latency(
            p50=percentile(known, 0.50),
            p95=percentile(known, 0.95),
            p99=percentile(known, 0.99),
            max=percentile(known, 1.0),
        )


@dataclass(frozen=True)
class Latency:
    """Percentiles in seconds, from the intended send time to the last byte of the answer."""

    p50: float
    p95: float
    p99: float
    max: float


def acknowledged_id(response: Response) -> str | None:
    """The id of the entry that an answer acknowledges, None when it acknowledges none.

    Reads the compact JSON that the router writes without decoding it.
    """
    if response.status != 200:
        return None
    place = response.body.find(b'"EntrySubmitted"')
    if place < 0:
        return None
    start = response.body.find(_ID, place)
    if start < 0:
        return None
    start += len(_ID)
    return response.body[start : response.body.find(b'"', start)].decode("ascii", "replace")


REGISTERED = Goal(ACKNOWLEDGED, acknowledged_id)


def kind_of(response: Response) -> str:
    """A short name for an answer that acknowledges nothing: its error code, its typename, or its HTTP status."""
    prefix = "" if response.status == 200 else f"HTTP {response.status} "
    try:
        answer: Any = json.loads(response.body)
    except ValueError:
        return f"{prefix}not JSON".strip()
    if not isinstance(answer, dict):
        return f"{prefix}not a GraphQL answer"
    if errors := answer.get("errors"):
        return f"{prefix}{_error_code(errors)}"
    data = answer.get("data")
    result = next(iter(data.values()), None) if isinstance(data, dict) else None
    if not isinstance(result, dict):
        return f"{prefix}{answer.get('code', 'no data')}"
    code = result.get("code")
    return f"{prefix}{result.get('__typename')}" + (f" {code}" if code else "")


def _error_code(errors: Any) -> str:
    try:
        return str(errors[0]["extensions"]["code"])
    except (KeyError, IndexError, TypeError):
        return "error without a code"
