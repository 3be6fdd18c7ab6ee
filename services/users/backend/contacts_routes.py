"""How users are reached, for services that write to them."""

from services.kit.rest import Api, Call
from services.users.backend import contacts_wire as wire

api = Api("User Service: contacts", "1.0.0")


@api.post("/users/contacts", wire.UserIds, wire.Contacts)
async def get_contacts(call: Call[wire.UserIds]) -> wire.Contacts:
    """Reads how users are reached: confirmed addresses and numbers only. Users that are unknown are left out."""
    return wire.Contacts(await call.service.store.contacts(call.body.ids))
