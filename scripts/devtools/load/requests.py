"""The bytes of every registration, made before the run so that sending costs next to nothing."""

import itertools
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scripts.devtools.load.loopback import Target

SUBMIT = (
    "mutation SubmitEntry($input: SubmitEntryInput!) { submitEntry(input: $input) { __typename "
    "... on EntrySubmitted { entry { id state } } ... on Error { code message } } }"
)


@dataclass(frozen=True)
class Registrations:
    """One registration a fan: `parts(n)` are the pieces of request number `n`, to be written one after another."""

    head: bytes
    tokens: Sequence[bytes]
    bodies: Sequence[bytes]
    choices: bytes

    def __len__(self) -> int:
        return len(self.tokens)

    def parts(self, number: int) -> tuple[bytes, bytes, bytes]:
        """Request line and headers up to the token, the token, the rest."""
        return self.head, self.tokens[number], self.bodies[self.choices[number]]


def registrations(
    target: Target,
    tokens: Sequence[bytes],
    campaign_id: str,
    market_ids: Sequence[str],
    *,
    seed: int | None = None,
) -> Registrations:
    """A registration for each token, with the markets in an order drawn at random for each."""
    bodies = bodies_of(campaign_id, market_ids)
    draw = random.Random(seed)
    return Registrations(
        head=head_of(target),
        tokens=tokens,
        bodies=[tail_of(body) for body in bodies],
        choices=bytes(draw.randrange(len(bodies)) for _ in tokens),
    )


def bodies_of(campaign_id: str, market_ids: Sequence[str]) -> list[bytes]:
    """The JSON of a registration, for every order of the markets."""
    return [_body(campaign_id, order) for order in itertools.permutations(market_ids)]


def json_of(document: str, variables: Mapping[str, object]) -> bytes:
    """A GraphQL request as JSON."""
    return json.dumps({"query": document, "variables": variables}, separators=(",", ":")).encode()


def head_of(target: Target) -> bytes:
    """The request line and the headers, up to where the token goes."""
    return (
        f"POST {target.path} HTTP/1.1\r\nhost: {target.host}\r\ncontent-type: application/json\r\n"
        "accept: application/graphql-response+json, application/json\r\nauthorization: Bearer "
    ).encode()


def tail_of(body: bytes) -> bytes:
    """What follows the token: the last header and the body."""
    return b"\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


def _body(campaign_id: str, market_ids: Sequence[str]) -> bytes:
    preferences = [{"marketId": market_id} for market_id in market_ids]
    return json_of(SUBMIT, {"input": {"campaignId": campaign_id, "preferences": preferences}})
