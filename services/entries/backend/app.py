"""Composition root of the Entry Service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from services.entries.backend.changes_store import ChangeStore
from services.entries.backend.eligibility_store import EligibilityStore
from services.entries.backend.exports_files_store import ExportFileStore
from services.entries.backend.exports_routes import FILES
from services.entries.backend.exports_store import ExportStore
from services.entries.backend.external_scores_store import ExternalScoreStore
from services.entries.backend.metrics_store import MetricStore
from services.entries.backend.personal_data_store import EntriesPersonalData
from services.entries.backend.previews_store import PreviewStore
from services.entries.backend.proofs_store import ProofStore
from services.entries.backend.redemptions_store import RedemptionStore
from services.entries.backend.reviews_store import ReviewStore
from services.entries.backend.rosters_store import RosterStore
from services.entries.backend.routes import api
from services.entries.backend.score_imports_store import ScoreImportStore
from services.entries.backend.scores_store import ScoreStore, disposable_domains
from services.entries.backend.selections_store import SelectionStore
from services.entries.backend.settings import Settings
from services.entries.backend.snapshots_store import SnapshotStore
from services.entries.backend.store import Store
from services.entries.backend.submissions_store import SubmissionStore
from services.entries.backend.waves_store import WaveStore
from services.kit.asgi import App
from services.kit.backend import Resources, Transports, create_backend, open_resources
from services.kit.outbox import Route

ROUTES = [
    Route("sighting", "users", "POST", "/users/sightings", "sightings"),
    Route("audit", "users", "POST", "/audit/events", "events"),
]


@dataclass(kw_only=True)
class Service(Resources):
    """What the routes and jobs of the Entry Service work with."""

    store: Store = field(init=False)
    snapshots: SnapshotStore = field(init=False)
    submissions: SubmissionStore = field(init=False)
    changes: ChangeStore = field(init=False)
    waves: WaveStore = field(init=False)
    rosters: RosterStore = field(init=False)
    previews: PreviewStore = field(init=False)
    proofs: ProofStore = field(init=False)
    selections: SelectionStore = field(init=False)
    exports: ExportStore = field(init=False)
    export_files: ExportFileStore = field(init=False)
    metrics: MetricStore = field(init=False)
    eligibility: EligibilityStore = field(init=False)
    redemptions: RedemptionStore = field(init=False)
    scores: ScoreStore = field(init=False)
    reviews: ReviewStore = field(init=False)
    score_imports: ScoreImportStore = field(init=False)
    personal_data: EntriesPersonalData = field(init=False)

    def __post_init__(self) -> None:
        self.store = Store(self.database)
        self.snapshots = SnapshotStore(self.database)
        self.submissions = SubmissionStore(
            self.database, self.lookup, self.outbox, disposable=disposable_domains()
        )
        self.changes = ChangeStore(self.database)
        live = self.settings.live_roster
        self.proofs = ProofStore(self.database, self.files, self.tokens, self.settings.public_url, live=live)
        self.waves = WaveStore(self.database, self.outbox, self.proofs)
        self.rosters = RosterStore(self.database, self.sealer, self.outbox, live=live)
        self.previews = PreviewStore(self.database, live=live)
        self.selections = SelectionStore(self.database, self.sealer)
        self.exports = ExportStore(self.database, self.outbox, self.tokens, self.settings.public_url)
        self.export_files = ExportFileStore(
            self.database, self.files, self.sealer, self.peers, keep_hours=self.settings.export_keep_hours
        )
        self.metrics = MetricStore(self.database)
        self.eligibility = EligibilityStore(self.database, live=live)
        self.redemptions = RedemptionStore(self.database)
        self.scores = ScoreStore(self.database, signal_days=self.settings.signal_days)
        self.reviews = ReviewStore(self.database, self.sealer, self.outbox, self.store)
        external = ExternalScoreStore(self.database, self.settings.oidc_issuers)
        self.score_imports = ScoreImportStore(self.database, self.outbox, self.files, external)
        self.personal_data = EntriesPersonalData(self.database, self.outbox, self.sealer, self.export_files)


@asynccontextmanager
async def open_service(settings: Settings, transports: Transports | None = None) -> AsyncIterator[Service]:
    """The service for the time of the context; the worker opens it too."""
    async with open_resources(
        Service,
        settings,
        name="entries",
        database_url=settings.database_url,
        routes=ROUTES,
        transports=transports,
    ) as service:
        yield service


def create_app(settings: Settings, *, transports: Transports | None = None) -> App:
    """The REST backend as an ASGI app."""
    return create_backend(api, settings, lambda: open_service(settings, transports), files=FILES)
