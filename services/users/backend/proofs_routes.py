"""The User Service's REST API about proofs."""

from services.kit.rest import Api, Call
from services.users.backend import proofs_wire as w

api = Api("User Service", "1.0.0")


@api.post("/users/proofs", w.UserIds, w.UsersProofs)
async def get_proofs(call: Call[w.UserIds]) -> w.UsersProofs:
    """Reads what users have proved, as far as it counts now."""
    return w.UsersProofs(await call.service.proofs.of_users(call.body.ids))


@api.post("/linked-accounts/authorizations", w.StartLink, w.LinkStarted)
async def start_account_link(call: Call[w.StartLink]) -> w.LinkStarted:
    """Answers where the actor grants the link to her account at a provider."""
    return call.service.accounts.start(call.require_actor(), call.body)


@api.post("/linked-accounts", w.LinkAccount, w.AccountAnswer)
async def link_account(call: Call[w.LinkAccount]) -> w.AccountAnswer:
    """Links the actor's account at a provider by an authorization code."""
    return await call.service.accounts.link(call.require_actor(), call.body)


@api.delete("/linked-accounts/{provider}", w.LinkedAccount)
async def unlink_account(call: Call[None]) -> w.LinkedAccount:
    """Ends the actor's link, and answers what it was."""
    return await call.service.accounts.unlink(call.require_actor(), call.path("provider"))


@api.post("/verified-cards", w.VerifyCard, w.CardAnswer)
async def verify_card(call: Call[w.VerifyCard]) -> w.CardAnswer:
    """Keeps the actor's card by a token of the payment processor."""
    return await call.service.proofs.verify_card(call.require_actor(), call.body)


@api.delete("/verified-cards/{id}", w.VerifiedCard)
async def remove_card(call: Call[None]) -> w.VerifiedCard:
    """Removes a card of the actor, and answers what it was."""
    return await call.service.proofs.remove_card(call.require_actor(), call.path("id"))


@api.post("/identity-verifications", w.VerifyIdentity, w.IdentityAnswer)
async def verify_identity(call: Call[w.VerifyIdentity]) -> w.IdentityAnswer:
    """Keeps the actor's identity tier by an issuer's assertion, which counts once."""
    return await call.service.proofs.verify_identity(call.require_actor(), call.body)


@api.delete("/identity-verifications/{tier}", w.IdentityVerification)
async def revoke_identity(call: Call[None]) -> w.IdentityVerification:
    """Takes the actor's identity tier back, and answers what it was."""
    return await call.service.proofs.revoke_identity(call.require_actor(), call.path("tier"))
