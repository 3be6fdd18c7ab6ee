"""What looks wrong about a campaign."""

from enum import Enum
from typing import Any, Self

import strawberry

from services.campaigns.subgraph import backend
from services.kit.types import Error
from services.kit.upstream import Problem


@strawberry.enum(description="How bad a finding is.")
class LintSeverity(Enum):
    ERROR = strawberry.enum_value(
        "ERROR", description="Keeps the campaign from being scheduled or opened, for it could not work."
    )
    WARNING = strawberry.enum_value("WARNING", description="Worth a look; keeps it from nothing.")


@strawberry.federation.type(description="Something about a campaign that looks wrong.", tags=["admin"])
class LintFinding:
    severity: LintSeverity = strawberry.field(description="How bad it is.")
    code: str = strawberry.field(description="Stable, machine-readable: `GATE_UNREACHABLE`.")
    message: str = strawberry.field(description="What is wrong and what to do, for people.")
    path: list[str] = strawberry.field(
        description='Where in the campaign: `["events", "0", "startsAt"]`, `["contents", "fr-CA", "terms"]`.'
    )

    @classmethod
    def of(cls, finding: backend.Finding) -> Self:
        """The graph's view of what the Campaign Service answered."""
        return cls(
            severity=LintSeverity(finding.severity),
            code=finding.code,
            message=finding.message,
            path=finding.path,
        )


@strawberry.federation.type(
    description="The campaign could not work like this; nothing was written.", tags=["admin"]
)
class LintBlocked(Error):
    findings: list[LintFinding] = strawberry.field(description="What to correct first: errors only.")

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """The refusal that a LINT_BLOCKED problem says."""
        findings: list[dict[str, Any]] = problem.members["findings"]
        return cls(
            code=problem.code,
            message=problem.detail,
            path=None,
            findings=[LintFinding.of(backend.Finding(**finding)) for finding in findings],
        )
