"""Deliveries: the messages that bring a code to its owner."""

from enum import Enum
from typing import Self

import strawberry

from services.codes.subgraph import deliveries_backend as backend
from services.kit.types import DateTime


@strawberry.enum(description="How a code is brought to its owner.")
class CodeDeliveryChannel(Enum):
    SMS = strawberry.enum_value("SMS", description="By text message, to her confirmed number.")
    EMAIL = strawberry.enum_value("EMAIL", description="By mail, to her confirmed address.")


@strawberry.enum(description="Where a message with a code is.")
class CodeDeliveryState(Enum):
    QUEUED = strawberry.enum_value("QUEUED", description="Waiting to be sent.")
    SENDING = strawberry.enum_value("SENDING", description="On its way to the network at this moment.")
    SENT = strawberry.enum_value("SENT", description="The network has taken it.")
    FAILED = strawberry.enum_value("FAILED", description="Not sent, or nobody knows; `failure` says why.")


@strawberry.type(description="A message that brings a code to its owner. No address or number is kept.")
class CodeDelivery:
    channel: CodeDeliveryChannel | None = strawberry.field(
        description="How it is sent; null until it is known how she is reached."
    )
    state: CodeDeliveryState = strawberry.field(description="Where it is.")
    at: DateTime = strawberry.field(description="When it got into that state.")
    failure: str | None = strawberry.field(
        description="Why it failed: NO_CONTACT (she confirmed no number and no address), INVALID_NUMBER, "
        "INVALID_ADDRESS, UNREACHABLE, COUNTRY_NOT_SERVED, OPTED_OUT, REFUSED, UNAVAILABLE (the network, for long), or "
        "UNKNOWN_OUTCOME: it may have arrived, so it is not sent again unless by `resendCode`."
    )

    @classmethod
    def of(cls, delivery: backend.Delivery) -> Self:
        """The graph's view of what the Code Service answered."""
        return cls(
            channel=None if delivery.channel is None else CodeDeliveryChannel(delivery.channel),
            state=CodeDeliveryState(delivery.state),
            at=DateTime(delivery.at),
            failure=delivery.failure,
        )
