"""Previews: what a wave would come to."""

from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from services.entries.subgraph import waves_backend as backend
from services.kit.types import ID, DateTime

if TYPE_CHECKING:
    from services.entries.subgraph.types import Market

LazyMarket = Annotated["Market", strawberry.lazy("services.entries.subgraph.types")]


@strawberry.type(description="How a market would fare, in tickets.")
class MarketForecast:
    market: LazyMarket = strawberry.field(description="The market.")
    capacity: int = strawberry.field(description="What its events give in this wave.")
    demand: int = strawberry.field(description="What the fans want who rank it first.")
    selected: int = strawberry.field(description="What would be given away.")
    shortfall: int = strawberry.field(description="Demand beyond capacity.")


@strawberry.type(
    description="What a wave would come to if it were drawn now, with a seed that is thrown away. Nothing is written."
)
class SelectionPreview:
    eligible: int = strawberry.field(description="Fans who would be on the roster.")
    selected: int = strawberry.field(description="Fans who would win.")
    first_choice_share: float = strawberry.field(
        description="Of those who would win, the share that gets its first choice; 0 to 1."
    )
    markets: list[MarketForecast] = strawberry.field(description="How each market of the wave would fare.")
    computed_at: DateTime = strawberry.field(description="When it was computed.")

    @classmethod
    def of(cls, preview: backend.Preview) -> Self:
        """The graph's view of what the Entry Service answered."""
        return cls(
            eligible=preview.eligible,
            selected=preview.selected,
            first_choice_share=share(preview.first_choices, preview.selected),
            markets=[
                MarketForecast(
                    market=_market(one.market_id),
                    capacity=one.capacity,
                    demand=one.demand,
                    selected=one.selected,
                    shortfall=one.shortfall,
                )
                for one in preview.markets
            ],
            computed_at=DateTime(preview.computed_at),
        )


def _market(id_: str) -> "Market":
    from services.entries.subgraph.types import Market

    return Market(id=ID(id_))


def share(part: int, whole: int) -> float:
    """0 to 1; of nothing, 0."""
    return part / whole if whole else 0.0
