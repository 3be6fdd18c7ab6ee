"""Batched reads of deliveries: one call for all codes of a request."""

from functools import cached_property

from strawberry.dataloader import DataLoader

from services.codes.subgraph.deliveries_backend import DeliveriesBackend, Delivery
from services.kit.loaders import grouped


class DeliveriesOfCodes:
    """What a resolver asks about deliveries. The loader is made when first used."""

    def __init__(self, backend: DeliveriesBackend) -> None:
        self.backend = backend

    @cached_property
    def by_code(self) -> DataLoader[str, list[Delivery]]:
        """A code's deliveries, oldest first, by its id."""
        return grouped(self.backend.deliveries, lambda delivery: delivery.code_id)
