"""`python -m services.seed`: the demonstration teams and their staff, however often it runs."""

from collections.abc import Callable

import pytest

from scripts.devtools.databases import ServiceDatabase
from scripts.devtools.personas import SERVICE_ACCOUNTS, STAFF, Persona
from services import seed
from tests.support import issuer
from tests.support.service import SETTINGS, open_service


async def test_every_persona_has_her_role(
    database: Callable[[str], ServiceDatabase], monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = database("users").service_dsn
    for name in ("backend_keys", "data_keys", "lookup_key"):
        value = SETTINGS[name]
        monkeypatch.setenv(name.upper(), value if isinstance(value, str) else ",".join(value))
    monkeypatch.setenv("USERS_DATABASE_URL", dsn)
    for _ in range(2):
        await seed.seed_users(issuer.ISSUER)
    async with open_service("users", dsn) as users:
        for name, persona in {**STAFF, **SERVICE_ACCOUNTS}.items():
            answer = await users.graphql(
                "{ viewer { email roles { role team { id name } } } }", token=_token(persona)
            )
            team = seed.DEMO_TEAM if persona.team == "demo" else seed.OTHER_TEAM
            assert answer["data"]["viewer"] == {
                "email": None if persona.service else f"{name}@example.com",
                "roles": [{"role": persona.role, "team": {"id": team.id, "name": team.name}}],
            }


def _token(persona: Persona) -> str:
    client_id = persona.subject if persona.service else None
    return issuer.token(persona.subject, client_id=client_id)
