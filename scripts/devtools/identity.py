"""The development OpenID provider: discovery, keys, and tokens for anyone who asks. Never for production.

Run it with `python -m scripts.devtools.identity`. It trusts every caller, so it listens on loopback only.
"""

import re
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scripts.devtools import proof_providers
from scripts.devtools import settings as devsettings
from scripts.devtools.personas import UnknownPersonaError, find, service_account
from scripts.devtools.tokens import DEFAULT_LIFETIME_SECONDS, Mint, claims_of

PERSONA_GRANT = "urn:monoql:params:oauth:grant-type:persona"
CLIENT_SECRET = "development-client-secret"  # noqa: S105 - known to all, accepted in development only
_CLIENT_ID = re.compile(r"[a-z][a-z0-9-]{1,63}")
_LARGEST_FORM_BYTES = 8192


def create_app(mint: Mint) -> Starlette:
    """The provider's four documents and two probes, for one issuer."""

    async def discovery(_request: Request) -> Response:
        """OpenID Connect Discovery 1.0."""
        return JSONResponse(
            {
                "issuer": mint.issuer,
                "jwks_uri": f"{mint.issuer}/jwks",
                "token_endpoint": f"{mint.issuer}/token",
                "authorization_endpoint": f"{mint.issuer}/authorize",
                "grant_types_supported": ["client_credentials", PERSONA_GRANT],
                "response_types_supported": ["none"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            }
        )

    async def jwks(_request: Request) -> Response:
        """The public signing keys."""
        return JSONResponse(mint.jwks(), headers={"cache-control": "public, max-age=60"})

    async def token(request: Request) -> Response:
        """A token by `client_credentials`, or for a `persona` without any password."""
        if int(request.headers.get("content-length") or _LARGEST_FORM_BYTES + 1) > _LARGEST_FORM_BYTES:
            return _refusal("invalid_request", "the form is too large or has no length")
        fields = dict(parse_qsl((await request.body()).decode(errors="replace")))
        grant = fields.get("grant_type")
        if grant == PERSONA_GRANT:
            try:
                persona = find(fields.get("persona", ""))
            except UnknownPersonaError as error:
                return _refusal("invalid_request", str(error))
        elif grant == "client_credentials":
            client = fields.get("client_id", "")
            if not _CLIENT_ID.fullmatch(client) or fields.get("client_secret") != CLIENT_SECRET:
                return _refusal("invalid_client", "the client's id or secret is wrong", status=401)
            persona = service_account(client)
        else:
            return _refusal("unsupported_grant_type", f"use client_credentials or {PERSONA_GRANT}")
        claims = claims_of(persona, mint.issuer, mint.audience, DEFAULT_LIFETIME_SECONDS, {})
        return JSONResponse(
            {
                "access_token": mint.sign(claims),
                "token_type": "Bearer",
                "expires_in": DEFAULT_LIFETIME_SECONDS,
            },
            headers={"cache-control": "no-store"},
        )

    async def alive(_request: Request) -> Response:
        """Answers while the process runs; it depends on nothing else."""
        return Response(status_code=204)

    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", discovery),
            Route("/jwks", jwks),
            Route("/token", token, methods=["POST"]),
            Route("/livez", alive),
            Route("/readyz", alive),
        ]
    )


def _refusal(error: str, description: str, status: int = 400) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status_code=status)


def main() -> None:
    """Serve on `IDENTITY_PORT` until a signal comes."""
    settings = devsettings.load()
    mint = Mint.from_settings(settings)
    app = create_app(mint)
    app.mount(proof_providers.PATH, proof_providers.create_app(mint))
    uvicorn.run(
        app,
        host=settings.get("BIND_HOST") or devsettings.LOOPBACK,
        port=settings.ports["identity"],
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=3,
    )


if __name__ == "__main__":
    main()
