"""The User Service's REST API about phone verification."""

from services.kit.rest import Api, Call
from services.users.backend import wire

api = Api("User Service", "1.0.0")


@api.post("/phone-verifications", wire.StartPhone, wire.PhoneStarted, status=201)
async def start_phone_verification(call: Call[wire.StartPhone]) -> wire.PhoneStarted:
    """Sends the actor a code for a phone number; her earlier code stops working."""
    return await call.service.phone.start(call.require_actor(), call.body)


@api.post("/phone-verifications/{id}/confirm", wire.PhoneCode, wire.User)
async def confirm_phone_verification(call: Call[wire.PhoneCode]) -> wire.User:
    """Judges the code of the actor's verification; the right one makes the number hers."""
    return await call.service.phone.confirm(call.require_actor(), call.path("id"), call.body.code)
