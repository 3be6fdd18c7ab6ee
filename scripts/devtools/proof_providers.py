"""The development providers of proofs: accounts (OAuth 2.0), cards (the shape of Stripe's API), identities (an issuer).

They are part of the development identity provider, trust every caller, and are never for production.
"""

import base64
import binascii
import secrets
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from scripts.devtools import personas, proofs
from scripts.devtools.proofs import Grant
from scripts.devtools.tokens import Mint

PATH = "/providers"
CLIENT_ID = "monoql"
CLIENT_SECRET = "development-client-secret"  # noqa: S105 - known to all, accepted in development only
CARD_KEY = "development-card-processor-key"


def settings(identity_url: str) -> dict[str, str]:
    """What the User Service is told to use these providers."""
    base = f"{identity_url}{PATH}"
    told = {
        "CARD_PROCESSOR_URL": f"{base}/cards",
        "CARD_PROCESSOR_KEY": CARD_KEY,
        "ASU_ISSUER": asu_issuer(identity_url),
        "ASU_AUDIENCE": proofs.ASU_AUDIENCE,
    }
    for name in ("verizon", "citi"):
        for endpoint in ("authorize", "token", "userinfo", "introspect"):
            told[f"{name}_{endpoint}_url".upper()] = f"{base}/{name}/{endpoint}"
        told |= {f"{name}_client_id".upper(): CLIENT_ID, f"{name}_client_secret".upper(): CLIENT_SECRET}
    return told


def asu_issuer(identity_url: str) -> str:
    """The issuer of identity assertions."""
    return f"{identity_url}{PATH}/asu"


def create_app(mint: Mint) -> Starlette:
    """All providers. Assertions are signed with the identity provider's key."""
    return Starlette(
        routes=[
            Mount("/verizon", routes=AccountProvider().routes()),
            Mount("/citi", routes=AccountProvider().routes()),
            Route("/cards/v1/payment_methods/{id}", _payment_method),
            Route("/cards/v1/payment_methods", _new_payment_method, methods=["POST"]),
            Mount("/asu", routes=_asu(mint)),
        ]
    )


class AccountProvider:
    """One OAuth 2.0 provider: the authorization code grant, PKCE, introspection, revocation."""

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._revoked: set[str] = set()

    def routes(self) -> list[Route]:
        """Its endpoints."""
        return [
            Route("/authorize", self.authorize),
            Route("/token", self.token, methods=["POST"]),
            Route("/userinfo", self.userinfo),
            Route("/introspect", self.introspect, methods=["POST"]),
            Route("/revoke", self.revoke, methods=["POST"]),
        ]

    async def authorize(self, request: Request) -> Response:
        """Grants at once, as the persona of `login_hint` (the first fan without one)."""
        query = request.query_params
        try:
            subject = personas.find(query.get("login_hint", "fan")).subject
        except personas.UnknownPersonaError as error:
            return _oauth_error("invalid_request", str(error))
        if "redirect_uri" not in query or query.get("client_id") != CLIENT_ID:
            return _oauth_error("invalid_request", "client_id or redirect_uri is wrong")
        code = proofs.authorization_code(Grant(subject, query["redirect_uri"], query.get("code_challenge")))
        back = urlencode({"code": code, "state": query.get("state", "")})
        return RedirectResponse(f"{query['redirect_uri']}?{back}", status_code=302)

    async def token(self, request: Request) -> Response:
        """Exchanges a code, once."""
        form = await _form(request)
        if not _is_client(request):
            return _oauth_error("invalid_client", "the client's id or secret is wrong", 401)
        if form.get("grant_type") != "authorization_code":
            return _oauth_error("unsupported_grant_type", "use authorization_code")
        code = form.get("code", "")
        grant = proofs.read_code(code)
        if grant is None or code in self._used:
            return _oauth_error("invalid_grant", "the code is unknown or was used before")
        self._used.add(code)
        if grant.redirect_uri is not None and form.get("redirect_uri") != grant.redirect_uri:
            return _oauth_error(
                "invalid_grant", "redirect_uri is not the one that the code was asked for with"
            )
        if (
            grant.code_challenge
            and proofs.challenge_of(form.get("code_verifier", "")) != grant.code_challenge
        ):
            return _oauth_error("invalid_grant", "code_verifier does not fit the challenge")
        return JSONResponse(
            {
                "access_token": f"at.{grant.subject}",
                "token_type": "Bearer",
                "expires_in": 3600,
                "refresh_token": f"rt.{grant.subject}.{secrets.token_hex(8)}",
                "scope": "openid",
            },
            headers={"cache-control": "no-store"},
        )

    async def userinfo(self, request: Request) -> Response:
        """Whose account an access token is of."""
        kind, _, subject = request.headers.get("authorization", "").removeprefix("Bearer ").partition(".")
        if kind != "at":
            return _oauth_error("invalid_token", "the access token is not known", 401)
        return JSONResponse({"sub": subject})

    async def introspect(self, request: Request) -> Response:
        """Whether a refresh token still stands."""
        form = await _form(request)
        if not _is_client(request):
            return _oauth_error("invalid_client", "the client's id or secret is wrong", 401)
        subject = form.get("token", "").split(".")[1:2]
        return JSONResponse({"active": bool(subject) and subject[0] not in self._revoked})

    async def revoke(self, request: Request) -> Response:
        """Ends all grants of an account (`subject`), as its owner would at the provider."""
        self._revoked.add((await _form(request)).get("subject", ""))
        return Response(status_code=200)


def _asu(mint: Mint) -> list[Route]:
    async def discovery(request: Request) -> Response:
        """Where the keys are."""
        issuer = str(request.url).partition("/.well-known/")[0]
        return JSONResponse({"issuer": issuer, "jwks_uri": f"{issuer}/jwks"})

    async def jwks(_request: Request) -> Response:
        """The public signing keys."""
        return JSONResponse(mint.jwks())

    return [Route("/.well-known/openid-configuration", discovery), Route("/jwks", jwks)]


async def _payment_method(request: Request) -> Response:
    """A payment method by its id."""
    return _card(request, request.path_params["id"])


async def _new_payment_method(request: Request) -> Response:
    """A payment method made of a card token."""
    return _card(request, (await _form(request)).get("card[token]", ""))


def _card(request: Request, token: str) -> Response:
    if request.headers.get("authorization") != f"Bearer {CARD_KEY}":
        return _card_error(401, "invalid_request_error", None, "Invalid API Key provided.")
    facts = proofs.read_payment_method(token)
    if facts is None:
        message = f"No such PaymentMethod: '{token}'"
        return _card_error(404, "invalid_request_error", "resource_missing", message)
    if facts.brand == "declined":
        return _card_error(402, "card_error", "card_declined", "Your card was declined.")
    return JSONResponse(
        {
            "id": f"pm_{token.partition('_')[2]}",
            "object": "payment_method",
            "type": "card",
            "card": {
                "brand": facts.brand,
                "checks": {
                    "address_line1_check": None,
                    "address_postal_code_check": None,
                    "cvc_check": "pass",
                },
                "country": "US",
                "exp_month": facts.month,
                "exp_year": facts.year,
                "fingerprint": facts.fingerprint,
                "funding": "credit",
                "last4": facts.last4,
            },
            "customer": None,
            "livemode": False,
        }
    )


def _is_client(request: Request) -> bool:
    try:
        given = base64.b64decode(
            request.headers.get("authorization", "").removeprefix("Basic "), validate=True
        )
    except (binascii.Error, ValueError):
        return False
    return given.decode(errors="replace") == f"{CLIENT_ID}:{CLIENT_SECRET}"


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode(errors="replace")))


def _oauth_error(error: str, description: str, status: int = 400) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status_code=status)


def _card_error(status: int, kind: str, code: str | None, message: str) -> Response:
    return JSONResponse({"error": {"type": kind, "code": code, "message": message}}, status_code=status)
