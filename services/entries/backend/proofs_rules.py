"""The published file of a draw: all that anybody needs to repeat it, and nothing about a person. Pure."""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from services.entries.backend.draws_rules import ALGORITHM
from services.entries.backend.waves_rules import BY_ENTRY, Pick, Seat

_LINES_AT_ONCE = 10_000
_GZIP = 31
"""zlib's name for the gzip format with the largest window."""


def header(
    proof: Mapping[str, Any], seats: Sequence[Seat], *, roster_size: int, winners: int
) -> dict[str, Any]:
    """The first line of a file. `proof` has what was published about the wave, as the graph names it."""
    return {
        "format": ALGORITHM,
        **proof,
        "seats": [
            {
                "event": seat.event_id,
                "market": seat.market_id,
                "capacity": seat.capacity,
                "ticketLimit": seat.ticket_limit,
            }
            for seat in sorted(seats)
        ],
        "rosterSize": roster_size,
        "winners": winners,
    }


def file(head: Mapping[str, Any], roster: Iterable[bytes], picks: Iterable[Pick]) -> Iterator[bytes]:
    """A gzip file in pieces: the header as JSON, then the roster's lines, then `entry|event|market|rank|tickets`."""
    lines = chain(
        [json.dumps(head).encode()],
        roster,
        ("|".join(map(str, pick)).encode() for pick in sorted(picks, key=BY_ENTRY)),
    )
    packer = zlib.compressobj(level=1, wbits=_GZIP)
    while some := list(islice(lines, _LINES_AT_ONCE)):
        yield packer.compress(b"\n".join(some) + b"\n")
    yield packer.flush()
