"""Composition root of the Campaign Service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from services.campaigns.backend.catalogue_store import Catalogue
from services.campaigns.backend.changes_store import Changes
from services.campaigns.backend.clones_store import Clones
from services.campaigns.backend.discovery_store import Discovery
from services.campaigns.backend.lint_store import Lint
from services.campaigns.backend.markets_store import Markets
from services.campaigns.backend.personal_data_store import CampaignsPersonalData
from services.campaigns.backend.promoters_store import PromoterStore
from services.campaigns.backend.routes import api
from services.campaigns.backend.seeds_store import Seeds
from services.campaigns.backend.settings import Settings
from services.campaigns.backend.store import Store
from services.campaigns.backend.ticketmaster_backend import Ticketmaster
from services.campaigns.backend.uploads_files_store import UploadFiles
from services.campaigns.backend.uploads_routes import FILES
from services.campaigns.backend.uploads_store import UploadStore
from services.kit.asgi import App
from services.kit.backend import Resources, Transports, create_backend, open_resources
from services.kit.outbox import Route

# Entries must know at once that a campaign is closed.
ROUTES = [
    Route("campaign", "entries", "PUT", "/snapshots/campaigns", "campaigns", insist=True),
    Route("campaign", "codes", "PUT", "/snapshots/campaigns", "campaigns"),
    Route("campaign", "users", "PUT", "/snapshots/campaigns", "campaigns"),
    Route("audit", "users", "POST", "/audit/events", "events"),
]


@dataclass(kw_only=True)
class Service(Resources):
    """What the routes and jobs of the Campaign Service work with."""

    changes: Changes = field(init=False)
    store: Store = field(init=False)
    markets: Markets = field(init=False)
    catalogue: Catalogue = field(init=False)
    clones: Clones = field(init=False)
    lint: Lint = field(init=False)
    seeds: Seeds = field(init=False)
    upload_files: UploadFiles = field(init=False)
    uploads: UploadStore = field(init=False)
    provider: Ticketmaster | None = field(init=False)
    discovery: Discovery = field(init=False)
    promoters: PromoterStore = field(init=False)
    personal_data: CampaignsPersonalData = field(init=False)

    def __post_init__(self) -> None:
        self.upload_files = UploadFiles(self.files, self.tokens, self.settings.public_url)
        keep_hours = self.settings.upload_keep_hours
        self.uploads = UploadStore(self.database, self.outbox, self.upload_files, keep_hours)
        self.changes = Changes(self.database, self.outbox, self.upload_files.public_url)
        self.promoters = PromoterStore(self.database, self.outbox, self.changes)
        self.store = Store(self.database, self.changes, self.promoters, self.uploads)
        self.markets = Markets(self.database, self.changes)
        self.catalogue = Catalogue(self.database)
        self.clones = Clones(self.database, self.changes)
        self.lint = Lint(self.database, self.peers.get("codes"))
        self.seeds = Seeds(self.database)
        self.provider = open_provider(self.settings)
        self.discovery = Discovery(self.database, self.catalogue, self.provider)
        self.personal_data = CampaignsPersonalData(self.database)


@asynccontextmanager
async def open_service(settings: Settings, transports: Transports | None = None) -> AsyncIterator[Service]:
    """The service for the time of the context; the worker opens it too."""
    async with open_resources(
        Service,
        settings,
        name="campaigns",
        database_url=settings.database_url,
        routes=ROUTES,
        transports=transports,
    ) as service:
        yield service
        if service.provider is not None:
            await service.provider.aclose()


def open_provider(settings: Settings) -> Ticketmaster | None:
    """The provider of artists and venues; None without a key for it."""
    key = settings.ticketmaster_api_key
    if key is None or not key.get_secret_value():
        return None
    return Ticketmaster(settings.ticketmaster_url, key, timeout=settings.ticketmaster_timeout)


def create_app(settings: Settings, *, transports: Transports | None = None) -> App:
    """The REST backend as an ASGI app."""
    return create_backend(api, settings, lambda: open_service(settings, transports), files=FILES)
