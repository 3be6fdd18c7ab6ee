"""Composition root of the Code Service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from services.codes.backend.deliveries_jobs import Courier
from services.codes.backend.deliveries_store import DeliveryStore
from services.codes.backend.distributions_store import DistributionStore
from services.codes.backend.holders_store import HolderStore
from services.codes.backend.imports_store import ImportStore
from services.codes.backend.low_pools_store import LowPoolStore
from services.codes.backend.mail_sender import MailSender, open_mail_sender
from services.codes.backend.personal_data_store import CodesPersonalData
from services.codes.backend.redemptions_store import RedemptionStore
from services.codes.backend.routes import api
from services.codes.backend.settings import Settings
from services.codes.backend.store import Store
from services.codes.backend.voids_store import VoidStore
from services.codes.backend.webhooks_sender import WebhookSender
from services.codes.backend.webhooks_store import WebhookStore
from services.kit.asgi import App
from services.kit.backend import Resources, Transports, create_backend, open_resources
from services.kit.messages import SmsSender
from services.kit.outbox import Route
from services.kit.senders import open_sender

ROUTES = [
    Route("audit", "users", "POST", "/audit/events", "events"),
    Route("redemption", "entries", "PUT", "/snapshots/redemptions", "redemptions"),
]


@dataclass(kw_only=True)
class Service(Resources):
    """What the routes and jobs of the Code Service work with."""

    store: Store = field(init=False)
    imports: ImportStore = field(init=False)
    deliveries: DeliveryStore = field(init=False)
    sms: SmsSender = field(init=False)
    mail: MailSender = field(init=False)
    webhooks: WebhookStore = field(init=False)
    webhook_sender: WebhookSender = field(init=False)
    distributions: DistributionStore = field(init=False)
    redemptions: RedemptionStore = field(init=False)
    voids: VoidStore = field(init=False)
    low_pools: LowPoolStore = field(init=False)
    holders: HolderStore = field(init=False)
    personal_data: CodesPersonalData = field(init=False)

    def __post_init__(self) -> None:
        self.store = Store(self.database, self.sealer, self.lookup, self.outbox)
        self.imports = ImportStore(self.database, self.sealer, self.outbox, self.store)
        self.deliveries = DeliveryStore(self.database, self.sealer, self.outbox, self.store)
        self.sms, self.mail = open_sender(self.settings), open_mail_sender(self.settings)
        development = self.settings.monoql_env == "development"
        self.webhooks = WebhookStore(self.database, self.sealer, self.outbox, development=development)
        self.webhook_sender = WebhookSender(development=development)
        self.distributions = DistributionStore(self.database, self.outbox, self.webhooks)
        self.redemptions = RedemptionStore(self.database, self.lookup, self.outbox, self.webhooks)
        self.voids = VoidStore(self.database, self.sealer, self.outbox, self.store, self.webhooks)
        self.low_pools = LowPoolStore(self.database, self.webhooks)
        self.holders = HolderStore(self.database, self.lookup, self.store)
        self.personal_data = CodesPersonalData(self.database, self.sealer)

    @property
    def courier(self) -> Courier:
        """Who brings codes to their owners. Raises Unavailable where nobody says how fans are reached."""
        return Courier(
            store=self.deliveries,
            users=self.peer("users"),
            sms=self.sms,
            mail=self.mail,
            site=self.settings.fan_site_url or self.settings.public_url,
            per_second=self.settings.delivery_per_second,
        )


@asynccontextmanager
async def open_service(settings: Settings, transports: Transports | None = None) -> AsyncIterator[Service]:
    """The service for the time of the context; the worker opens it too."""
    async with open_resources(
        Service,
        settings,
        name="codes",
        database_url=settings.database_url,
        routes=ROUTES,
        transports=transports,
    ) as service:
        try:
            yield service
        finally:
            await service.webhook_sender.aclose()
            await service.sms.aclose()


def create_app(settings: Settings, *, transports: Transports | None = None) -> App:
    """The REST backend as an ASGI app."""
    return create_backend(api, settings, lambda: open_service(settings, transports))
