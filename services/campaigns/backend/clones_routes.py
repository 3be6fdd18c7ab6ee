"""Route of clones."""

from services.campaigns.backend import clones_wire, input_rules, wire
from services.kit.rest import Api, Call

api = Api("Campaign Service: clones", "1.0.0")


@api.post("/campaigns/{id}/clones", clones_wire.Clone, wire.Changed, status=201)
async def clone_campaign(call: Call[clones_wire.Clone]) -> wire.Changed:
    """Copies a campaign into a draft, its dates moved; the same `idempotency_key` answers what the first call did."""
    input_rules.check_clone(call.body)
    return await call.service.clones.make(call.require_actor(), call.path("id"), call.body)
