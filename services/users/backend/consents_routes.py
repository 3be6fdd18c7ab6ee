"""The User Service's REST API about consents."""

from services.kit.rest import Api, Call
from services.users.backend import consents_wire as w
from services.users.backend.proofs_wire import UserIds

api = Api("User Service", "1.0.0")


@api.post("/users/consents", UserIds, w.Consents)
async def get_consents(call: Call[UserIds]) -> w.Consents:
    """Reads what holds for users: the newest record of each campaign and purpose."""
    return w.Consents(await call.service.consents.of_users(call.body.ids))


@api.post("/consents", w.RecordConsent, w.ConsentAnswer)
async def record_consent(call: Call[w.RecordConsent]) -> w.ConsentAnswer:
    """Records what the actor grants or withdraws for a campaign and purpose."""
    return await call.service.consents.record(call.require_actor(), call.body)
