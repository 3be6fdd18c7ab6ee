"""Voiding and replacing codes over REST."""

from services.codes.backend import voids_wire as wire
from services.kit.rest import Api, Call

api = Api("Code Service: voids", "1.0.0")


@api.post("/codes/{id}/void", wire.Void, wire.Voided)
async def void_code(call: Call[wire.Void]) -> wire.Voided:
    """Withdraws a code for good; one that is voided stays so."""
    return await call.service.voids.void(call.require_actor(), call.path("id"), call.body)


@api.post("/codes/{id}/reissue", wire.Reissue, wire.Reissued)
async def reissue_code(call: Call[wire.Reissue]) -> wire.Reissued:
    """Withdraws a code and gives its owner the next one of the pool."""
    return await call.service.voids.reissue(call.require_actor(), call.path("id"), call.body)
