"""What fans send to prove things, for the tests of this folder."""

from typing import Any

from scripts.devtools.proofs import Grant, authorization_code, payment_method
from tests.support import issuer
from tests.support.service import ServiceUnderTest

PROOFS = """
linkedAccounts { provider linkedAt expiresAt }
verifiedCards { id brand last4 verifiedAt expiresAt }
identityVerification { tier verifiedAt expiresAt }
"""
_SUCCESS = {
    "startAccountLink": "AccountLinkStarted { authorizationUrl state expiresAt }",
    "linkAccount": f"AccountLinked {{ replayed account {{ provider linkedAt expiresAt }} user {{ {PROOFS} }} }}",
    "unlinkAccount": f"AccountUnlinked {{ user {{ {PROOFS} }} }}",
    "verifyCard": f"CardVerified {{ replayed card {{ id brand last4 expiresAt }} user {{ {PROOFS} }} }}",
    "removeCard": f"CardRemoved {{ user {{ {PROOFS} }} }}",
    "verifyIdentity": f"IdentityVerified {{ replayed verification {{ tier expiresAt }} user {{ {PROOFS} }} }}",
    "revokeIdentity": f"IdentityRevoked {{ user {{ {PROOFS} }} }}",
    "recordConsent": "ConsentRecorded { replayed consent { campaign { id } purpose granted at } }",
}
_REFUSALS = """
... on Error { code message path }
... on ValidationFailed { issues { path code message } }
... on ProofRefused { reason }
... on ProviderUnavailable { retryAfterSeconds }
"""


async def ask(users: ServiceUnderTest, who: str, mutation: str, **input: Any) -> dict[str, Any]:
    """The answer to one of the mutations above; fails on errors."""
    kind = mutation[0].upper() + mutation[1:]
    refusals = _REFUSALS
    if mutation in ("unlinkAccount", "removeCard", "revokeIdentity", "startAccountLink", "recordConsent"):
        refusals = "... on Error { code message path }"
    if mutation == "startAccountLink":
        refusals += " ... on ValidationFailed { issues { path code message } }"
    selection = f"__typename ... on {_SUCCESS[mutation]} {refusals}"
    query = f"mutation ($input: {kind}Input!) {{ {mutation}(input: $input) {{ {selection} }} }}"
    answer = await users.graphql(query, {"input": input}, token=issuer.token(who))
    assert "errors" not in answer, answer["errors"]
    return answer["data"][mutation]


async def link(
    users: ServiceUnderTest, who: str = "ada", account: str = "acc-1", **input: Any
) -> dict[str, Any]:
    """linkAccount with a fresh code of an account at Verizon."""
    code = authorization_code(Grant(account))
    return await ask(users, who, "linkAccount", **{"provider": "VERIZON", "authorizationCode": code, **input})


async def verify_card(
    users: ServiceUnderTest,
    who: str = "ada",
    brand: str = "visa",
    expires: str = "1240",
    last4: str = "4242",
    **input: Any,
) -> dict[str, Any]:
    """verifyCard with a token of a card of hers."""
    return await ask(
        users, who, "verifyCard", paymentToken=payment_method(brand, last4, expires, who), **input
    )


async def verify_identity(
    users: ServiceUnderTest, assertion: str, who: str = "ada", **input: Any
) -> dict[str, Any]:
    """verifyIdentity for ASU."""
    return await ask(users, who, "verifyIdentity", **{"tier": "ASU", "assertion": assertion, **input})


async def shown(users: ServiceUnderTest, who: str = "ada") -> dict[str, Any]:
    """What she sees of her own proofs."""
    answer = await users.graphql(f"{{ viewer {{ {PROOFS} }} }}", token=issuer.token(who))
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["viewer"]
