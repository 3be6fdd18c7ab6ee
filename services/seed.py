"""Puts the demonstration data in: `python -m services.seed`. What is there already is left alone.

One function a service, each with its own resources. Ids are derived from names, so that every run finds what an
earlier one made.
"""

import asyncio
import hashlib
import os

from services.campaigns.backend.app import open_service as open_campaigns
from services.campaigns.backend.settings import Settings as CampaignsSettings
from services.kit.ids import encode, user_id
from services.users.backend import wire as users_wire
from services.users.backend.app import open_service as open_users
from services.users.backend.settings import Settings as UsersSettings


def seed_id(prefix: str, name: str) -> str:
    """The id of the demonstration thing of this name, the same in every run."""
    return (
        f"{prefix}_{encode(int.from_bytes(hashlib.sha256(f'seed {prefix} {name}'.encode()).digest()[:16]))}"
    )


DEMO_TEAM = users_wire.Team(seed_id("tea", "demo"), "Demo Presales")
OTHER_TEAM = users_wire.Team(seed_id("tea", "other"), "Other Team")

STAFF: dict[str, tuple[users_wire.Team, users_wire.Role]] = {
    "admin": (DEMO_TEAM, "OWNER"),
    "editor": (DEMO_TEAM, "CAMPAIGN_EDITOR"),
    "selection-manager": (DEMO_TEAM, "SELECTION_MANAGER"),
    "code-manager": (DEMO_TEAM, "CODE_MANAGER"),
    "analyst": (DEMO_TEAM, "ANALYST"),
    "pii-viewer": (DEMO_TEAM, "PII_VIEWER"),
    "viewer": (DEMO_TEAM, "VIEWER"),
    "outsider": (OTHER_TEAM, "OWNER"),
    "service": (DEMO_TEAM, "ANALYST"),
    "ticketing": (DEMO_TEAM, "CODE_MANAGER"),
}
"""The development identity provider's staff and programs by `sub`: on which team, and as what."""


async def seed_users(issuer: str) -> None:
    """The two teams, and the staff of `issuer` with their roles."""
    if "USERS_DATABASE_URL" not in os.environ:
        return  # the users of another backend are not ours to make
    async with open_users(UsersSettings.load()) as service:
        await service.store.sight(
            [
                users_wire.Sighting(user_id=user_id(issuer, name), issuer=issuer, subject=name)
                for name in STAFF
            ]
        )
        for team, owner in ((DEMO_TEAM, "admin"), (OTHER_TEAM, "outsider")):
            roles: dict[str, users_wire.Role] = {
                user_id(issuer, name): role for name, (its, role) in STAFF.items() if its == team
            }
            await service.teams.found(team, user_id(issuer, owner), roles)


async def seed_campaigns() -> None:
    """The catalogue: venues, artists, and the cities that give markets their population."""
    async with open_campaigns(CampaignsSettings.load()) as service:
        await service.seeds.load()


async def main() -> None:
    issuer = os.environ.get("OIDC_ISSUERS", "").split(",")[0].strip().rstrip("/")
    if not issuer:
        raise SystemExit("OIDC_ISSUERS is not set: whose tokens does the demonstration staff bear?")
    await seed_users(issuer)
    await seed_campaigns()


if __name__ == "__main__":
    asyncio.run(main())
