"""Composition root of the User Service."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from services.kit.asgi import App
from services.kit.backend import Resources, Transports, create_backend, open_resources
from services.kit.messages import SmsSender
from services.kit.outbox import Route
from services.kit.senders import open_sender
from services.users.backend.access_store import AccessStore
from services.users.backend.accounts_provider import AccountsProvider
from services.users.backend.accounts_store import AccountsStore
from services.users.backend.archives_store import ArchiveFiles
from services.users.backend.attempts_store import AttemptsStore
from services.users.backend.audit_store import AuditStore
from services.users.backend.cards_provider import CardsProvider
from services.users.backend.consents_store import ConsentsStore
from services.users.backend.identities_provider import IdentitiesProvider
from services.users.backend.personal_data_store import UsersPersonalData
from services.users.backend.phone_messages_store import PhoneMessagesStore
from services.users.backend.phone_store import PhoneStore
from services.users.backend.privacy_jobs import PrivacyJobs
from services.users.backend.privacy_routes import FILES
from services.users.backend.privacy_store import PrivacyStore
from services.users.backend.proofs_provider import Provider
from services.users.backend.proofs_store import ProofBook, ProofsStore
from services.users.backend.routes import api
from services.users.backend.settings import Settings
from services.users.backend.store import Store
from services.users.backend.teams_store import TeamsStore

ROUTES = [Route("user", "entries", "PUT", "/snapshots/users", "users")]


@dataclass(kw_only=True)
class Service(Resources):
    """What the routes and jobs of the User Service work with."""

    sender: SmsSender = field(init=False)
    store: Store = field(init=False)
    phone: PhoneStore = field(init=False)
    phone_messages: PhoneMessagesStore = field(init=False)
    provider: Provider = field(init=False)
    identities: IdentitiesProvider = field(init=False)
    accounts: AccountsStore = field(init=False)
    proofs: ProofsStore = field(init=False)
    consents: ConsentsStore = field(init=False)
    teams: TeamsStore = field(init=False)
    access: AccessStore = field(init=False)
    audit: AuditStore = field(init=False)
    personal_data: UsersPersonalData = field(init=False)
    privacy: PrivacyStore = field(init=False)
    archives: ArchiveFiles = field(init=False)
    privacy_jobs: PrivacyJobs = field(init=False)

    def __post_init__(self) -> None:
        self.sender = open_sender(self.settings)
        self.store = Store(self.database, self.sealer, self.lookup, self.outbox)
        self.phone_messages = PhoneMessagesStore(self.database, self.sealer, self.sender)
        self.phone = PhoneStore(
            self.database,
            self.sealer,
            self.lookup,
            self.outbox,
            users=self.store,
            messages=self.phone_messages,
            settings=self.settings,
        )
        self._open_proofs()
        self.audit = AuditStore(self.database)
        self.teams = TeamsStore(self.database, self.audit)
        self.access = AccessStore(self.database)
        self._open_privacy()

    def _open_privacy(self) -> None:
        settings = self.settings
        self.privacy = PrivacyStore(
            self.database, self.sealer, self.tokens, settings.public_url, settings.privacy_lease_seconds
        )
        self.archives = ArchiveFiles(self.files)
        self.personal_data = UsersPersonalData(
            self.database,
            self.sealer,
            self.outbox,
            audit=self.audit,
            sender=self.sender,
            requests=self.privacy,
            archives=self.archives,
        )
        self.privacy_jobs = PrivacyJobs(
            self.privacy, self.archives, self.personal_data, self.peers, settings.privacy_keep_hours
        )

    def _open_proofs(self) -> None:
        settings = self.settings
        self.provider = Provider(settings.provider_timeout)
        self.identities = IdentitiesProvider(settings)
        attempts = AttemptsStore(self.database, settings.proof_attempts_per_hour)
        book = ProofBook(self.database, self.outbox, self.store)
        self.accounts = AccountsStore(
            book, self.sealer, self.lookup, attempts, AccountsProvider(settings, self.provider), settings
        )
        self.proofs = ProofsStore(
            book, self.lookup, attempts, CardsProvider(settings, self.provider), self.identities, settings
        )
        self.consents = ConsentsStore(self.database, attempts)


@asynccontextmanager
async def open_service(settings: Settings, transports: Transports | None = None) -> AsyncIterator[Service]:
    """The service for the time of the context; the worker opens it too."""
    resources = open_resources(
        Service,
        settings,
        name="users",
        database_url=settings.database_url,
        routes=ROUTES,
        transports=transports,
    )
    async with (
        resources as service,
        aclosing(service.sender),
        aclosing(service.provider),
        aclosing(service.identities),
    ):
        yield service


def create_app(settings: Settings, *, transports: Transports | None = None) -> App:
    """The REST backend as an ASGI app."""
    return create_backend(api, settings, lambda: open_service(settings, transports), files=FILES)
