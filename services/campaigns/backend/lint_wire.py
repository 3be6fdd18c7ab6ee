"""The wire format of findings, and of what codes answer about their pools."""

from enum import StrEnum

from msgspec import Struct

from services.kit.wire import Whole


class Severity(StrEnum):
    """ERROR keeps a campaign from being scheduled or opened, WARNING does not."""

    ERROR = "ERROR"
    WARNING = "WARNING"


class Finding(Struct):
    """Something about a campaign that looks wrong; `path` leads into the campaign as the graph shows it."""

    severity: Severity
    code: str
    message: str
    path: list[str]


class Findings(Struct):
    """Everything found, errors first."""

    findings: list[Finding]


class PoolCounts(Struct):
    """How many codes an event's pool holds, and how many of them can never go out any more."""

    imported: Whole
    generated: Whole
    expired: Whole
    voided: Whole

    @property
    def usable(self) -> int:
        return self.imported + self.generated - self.expired - self.voided


class Pool(Struct):
    """The codes of one event."""

    event_id: str
    counts: PoolCounts


class Pools(Struct):
    """What codes answer to a question about events; events without a pool are left out."""

    pools: list[Pool]
