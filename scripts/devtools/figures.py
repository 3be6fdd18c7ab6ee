"""What the processes counted, as people look at it: each tier's requests, what waits, and the measures of success."""

from collections.abc import Iterator
from dataclasses import dataclass

from scripts.devtools.samples import Samples

_ROUTER = "monoql_router_request_seconds"
_TIERS = {
    "router": (_ROUTER, "operation"),
    "fetches": ("monoql_router_fetch_seconds", "subgraph"),
    "subgraphs": ("monoql_subgraph_request_seconds", "field"),
    "backends": ("monoql_backend_request_seconds", "route"),
    "jobs": ("monoql_job_seconds", "task"),
}
_OURS = ("failed", "busy")


@dataclass(frozen=True)
class Row:
    """One operation of a tier: how often, how many of these we failed or turned away, and p95 in seconds."""

    tier: str
    name: str
    count: float
    failed: float
    p95: float | None


@dataclass(frozen=True)
class Measure:
    """A measure of success. `value` is None where there is nothing to measure yet."""

    name: str
    value: float | None
    unit: str
    target: float
    at_least: bool = False

    @property
    def good(self) -> bool | None:
        """Whether the target is met."""
        if self.value is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


@dataclass(frozen=True)
class Waiting:
    """What waits in one service: jobs, failed ones, messages to others, the age of the oldest, connections."""

    service: str
    jobs: float
    failed_jobs: float
    messages: float
    oldest_seconds: float
    busy: float
    idle: float


def rows(samples: Samples, *, most: int) -> Iterator[Row]:
    """The `most` frequent operations of each tier, those that failed among them."""
    for tier, (metric, label) in _TIERS.items():
        of_tier = [
            Row(
                tier,
                name,
                samples.total(f"{metric}_count", **{label: name}),
                samples.total(f"{metric}_count", **{label: name}, outcome=_OURS),
                samples.quantile(0.95, metric, **{label: name}),
            )
            for name in samples.label_values(f"{metric}_count", label)
        ]
        happened = [row for row in of_tier if row.count]
        yield from sorted(happened, key=lambda row: (row.failed, row.count), reverse=True)[:most]


def measures(counted: Samples, now: Samples) -> list[Measure]:
    """The measures of success: of what was `counted` in a while, and of how things stand `now`.

    As `gateway-config/telemetry/prometheus/rules.yaml` records them.
    """
    every = counted.total(f"{_ROUTER}_count")
    taken = counted.total("monoql_registrations_total", outcome="ok")
    lost = (
        counted.total("monoql_registrations_total", outcome="busy")
        + counted.total(f"{_ROUTER}_count", outcome="busy")
        + counted.total(f"{_ROUTER}_count", operation="SubmitEntry", outcome="failed")
    )
    return [
        Measure("queries, p95", counted.quantile(0.95, _ROUTER, kind="query", outcome=_WAITED_FOR), "s", 0.5),
        Measure("registrations taken", _share(taken, taken + lost), "%", 0.995, at_least=True),
        Measure("duplicate codes", _gauge(now, "monoql_duplicate_codes"), "", 0),
        Measure(
            "sign-ins refused",
            _share(counted.total(f"{_ROUTER}_count", outcome="unauthenticated"), every),
            "%",
            0.001,
        ),
        Measure("longest export of a day", _gauge(now, "monoql_export_seconds", which="longest"), "s", 900),
        Measure("export of 100,000 rows", _gauge(now, "monoql_export_seconds_per_100k"), "s", 900),
        Measure("errors", _share(counted.total(f"{_ROUTER}_count", outcome=_OURS), every), "%", 0.005),
    ]


def waiting(now: Samples) -> list[Waiting]:
    """What waits, service by service."""
    return [
        Waiting(
            service,
            now.total("monoql_jobs", service=service, state="waiting"),
            now.total("monoql_jobs", service=service, state="failed"),
            now.total("monoql_outbox_messages", service=service),
            now.total("monoql_outbox_oldest_seconds", service=service),
            now.total("monoql_database_connections", database=service, state="busy"),
            now.total("monoql_database_connections", database=service, state="idle"),
        )
        for service in now.label_values("monoql_jobs", "service")
    ]


# All outcomes but that of a client who did not wait for hers.
_WAITED_FOR = ("ok", "refused", "unauthenticated", "busy", "failed")


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _gauge(now: Samples, name: str, **labels: str) -> float | None:
    return max(now.select(name, **labels).values(), default=None)
