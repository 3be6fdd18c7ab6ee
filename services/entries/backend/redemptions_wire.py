"""Redemptions on the wire, as the Code Service publishes them."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from services.kit.wire import Whole


class RedemptionSnapshot(msgspec.Struct, frozen=True):
    """Tickets bought with a selection's code, and what became of it; `version` grows with each change.

    EXPIRED and VOIDED: nothing was bought, and nothing will be, unless a newer version says otherwise.
    """

    selection_id: str
    quantity: Annotated[int, Meta(ge=0)]
    version: Whole
    outcome: Literal["ASSIGNED", "REDEEMED", "EXPIRED", "VOIDED"] = "REDEEMED"


class RedemptionSnapshots(msgspec.Struct):
    redemptions: list[RedemptionSnapshot]
