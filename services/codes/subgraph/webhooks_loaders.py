"""Batched reads of outgoing webhooks: one call for all webhooks, teams or pages of a request."""

import re
from functools import cached_property

from strawberry.dataloader import DataLoader

from services.codes.subgraph.webhooks_backend import Delivery, DeliveryPageRequest, Webhook, WebhooksBackend
from services.kit.loaders import by_key, grouped
from services.kit.paging import Page

_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


class WebhooksOfTeams:
    """What a resolver asks about webhooks. Loaders are made when first used."""

    def __init__(self, backend: WebhooksBackend) -> None:
        self.backend = backend

    @cached_property
    def by_id(self) -> DataLoader[str, Webhook | None]:
        return by_key(
            lambda ids: self.backend.webhooks(ids=ids), lambda webhook: webhook.id, accepts=_plausible
        )

    @cached_property
    def by_team(self) -> DataLoader[str, list[Webhook]]:
        """A team's webhooks, oldest first."""
        return grouped(
            lambda ids: self.backend.webhooks(team_ids=ids), lambda each: each.team_id, accepts=_plausible
        )

    @cached_property
    def deliveries(self) -> DataLoader[DeliveryPageRequest, Page[Delivery]]:
        return DataLoader(self.backend.deliveries)


def _plausible(text: str) -> bool:
    return _ID.fullmatch(text) is not None
