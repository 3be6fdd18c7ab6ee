"""The bytes of every registration, made before the run so that sending costs next to nothing."""

import itertools
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.devtools.load.loopback import Target

SUBMIT = (
    "mutation Submit($input: SubmitEntryInput!) { submitEntry(input: $input) { __typename "
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
    orders = list(itertools.permutations(market_ids))
    bodies = [_body(campaign_id, order) for order in orders]
    draw = random.Random(seed)
    head = (
        f"POST {target.path} HTTP/1.1\r\nhost: {target.host}\r\ncontent-type: application/json\r\n"
        "accept: application/graphql-response+json, application/json\r\nauthorization: Bearer "
    )
    return Registrations(
        head=head.encode(),
        tokens=tokens,
        bodies=[b"\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body) for body in bodies],
        choices=bytes(draw.randrange(len(orders)) for _ in tokens),
    )


def _body(campaign_id: str, market_ids: Sequence[str]) -> bytes:
    preferences = [{"marketId": market_id} for market_id in market_ids]
    variables = {"input": {"campaignId": campaign_id, "preferences": preferences}}
    return json.dumps({"query": SUBMIT, "variables": variables}, separators=(",", ":")).encode()
