"""Redemptions: what a code was used for."""

from typing import Self

import strawberry

from services.codes.subgraph import redemptions_backend as backend
from services.kit.types import DateTime


@strawberry.type(description="A purchase with a code, as the ticketing platform reported it.")
class Redemption:
    platform: str = strawberry.field(description="The ticketing platform, like `axs`.")
    external_id: str = strawberry.field(description="The platform's own id of the purchase.")
    at: DateTime = strawberry.field(description="When it was sold, as the platform says.")
    quantity: int = strawberry.field(description="How many tickets were bought.")
    late: bool = strawberry.field(
        description="True: sold after the presale had closed. It counts all the same, for the tickets are gone."
    )

    @classmethod
    def of(cls, redemption: backend.Redemption) -> Self:
        """The graph's view of what the Code Service answered."""
        return cls(
            platform=redemption.platform,
            external_id=redemption.external_id,
            at=DateTime(redemption.at),
            quantity=redemption.quantity,
            late=redemption.late,
        )
