"""Redemptions on the wire, as the Code Service publishes them."""

from typing import Annotated

import msgspec
from msgspec import Meta


class RedemptionSnapshot(msgspec.Struct, frozen=True):
    """Tickets bought with a selection's code; `version` grows with each purchase."""

    selection_id: str
    quantity: Annotated[int, Meta(ge=0)]
    version: int


class RedemptionSnapshots(msgspec.Struct):
    redemptions: list[RedemptionSnapshot]
