"""Who is no person: client-credentials tokens of the usual providers, and persons' tokens of the same ones."""

from typing import Any

import pytest

from services.kit.auth import TokenVerifier
from tests.support import issuer

UUID = "0b6a1c1e-6a35-4d0c-9d8e-3c1f0a8b7e11"

SERVICES: dict[str, tuple[str, dict[str, Any]]] = {
    "RFC 9068": ("analytics", {"client_id": "analytics", "scope": "read"}),
    "azp": ("analytics", {"azp": "analytics"}),
    "oidc-provider": ("analytics", {"client_id": "analytics", "jti": "x"}),
    "Okta": ("0oa1", {"cid": "0oa1", "scp": ["read"], "uid": None}),
    "Cognito": ("7abc", {"client_id": "7abc", "token_use": "access"}),
    "Auth0": ("7abc@clients", {"azp": "7abc", "gty": "client-credentials"}),
    "Auth0, several": ("7abc@clients", {"azp": "7abc", "gty": ["client-credentials"]}),
    "Keycloak": (UUID, {"azp": "etl", "client_id": "etl", "preferred_username": "service-account-etl"}),
    "Keycloak before 23": (
        UUID,
        {"azp": "etl", "clientId": "etl", "preferred_username": "service-account-etl"},
    ),
    "Entra": (UUID, {"azp": "11111111", "oid": UUID, "idtyp": "app", "roles": ["Reader"]}),
}
PERSONS: dict[str, tuple[str, dict[str, Any]]] = {
    "RFC 9068": ("ann", {"client_id": "web"}),
    "oidc-provider": ("ann", {"client_id": "web", "scope": "openid"}),
    "Okta": ("ann@example.com", {"cid": "0oa1", "uid": "00u1"}),
    "Auth0": ("auth0|1", {"azp": "7abc", "gty": "password"}),
    "Keycloak": (UUID, {"azp": "web", "preferred_username": "ann"}),
    "Entra": ("pairwise", {"azp": "11111111", "oid": UUID, "idtyp": "user"}),
    "strange claims": ("ann", {"gty": {"a": 1}, "azp": ["ann"], "client_id": 1, "preferred_username": None}),
}  # fmt: skip


async def is_service(subject: str, claims: dict[str, Any]) -> bool:
    verifier = TokenVerifier([issuer.ISSUER], issuer.AUDIENCE, transport=issuer.transport())
    token = issuer.token(subject, **claims)
    principal = await verifier.authenticate(f"Bearer {token}".encode())
    assert principal is not None
    return principal.is_service


@pytest.mark.parametrize("provider", SERVICES)
async def test_a_program_is_told_from_a_person(provider: str) -> None:
    assert await is_service(*SERVICES[provider])


@pytest.mark.parametrize("provider", PERSONS)
async def test_a_person_is_not_taken_for_a_program(provider: str) -> None:
    assert not await is_service(*PERSONS[provider])
