"""Route of the findings about a campaign."""

from services.campaigns.backend import lint_wire
from services.kit.rest import Api, Call

api = Api("Campaign Service: lint", "1.0.0")


@api.get("/campaigns/{id}/findings", lint_wire.Findings)
async def lint_campaign(call: Call[None]) -> lint_wire.Findings:
    """Looks at a campaign as a whole and answers what looks wrong, errors first."""
    return lint_wire.Findings(await call.service.lint.findings(call.path("id")))
