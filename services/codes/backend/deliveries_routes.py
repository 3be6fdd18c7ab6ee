"""Deliveries of codes over REST."""

from services.codes.backend import deliveries_wire as wire
from services.kit.rest import Api, Call

api = Api("Code Service: deliveries", "1.0.0")


@api.post("/deliveries/batch", wire.DeliveryQuestions, wire.Deliveries)
async def get_deliveries(call: Call[wire.DeliveryQuestions]) -> wire.Deliveries:
    """Reads what was sent to bring codes to their owners, by the codes' ids."""
    return wire.Deliveries(await call.service.deliveries.deliveries(call.body.ids))


@api.post("/deliveries/resend", wire.Resend, wire.Resent)
async def resend_code(call: Call[wire.Resend]) -> wire.Resent:
    """Sends a code to its owner once more."""
    return await call.service.deliveries.resend(call.require_actor(), call.body)
