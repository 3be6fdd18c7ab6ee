"""The User Service's rules: which role allows what. Pure: no I/O, no clock."""

from services.kit.permissions import Permission as P

_READ = {P.CAMPAIGN_READ, P.ENTRY_READ, P.SELECTION_READ, P.CODE_READ, P.METRICS_READ}

ROLES: dict[str, frozenset[P]] = {
    "OWNER": frozenset(P),
    "ADMIN": frozenset(P) - {P.PRIVACY_MANAGE},
    "CAMPAIGN_EDITOR": frozenset({P.CAMPAIGN_READ, P.CAMPAIGN_WRITE, P.CAMPAIGN_PUBLISH, P.METRICS_READ}),
    "SELECTION_MANAGER": frozenset(
        {P.CAMPAIGN_READ, P.ENTRY_READ, P.ENTRY_REVIEW, P.SELECTION_READ, P.SELECTION_RUN, P.METRICS_READ}
    ),
    "CODE_MANAGER": frozenset({P.CAMPAIGN_READ, P.SELECTION_READ, P.CODE_READ, P.CODE_MANAGE, P.METRICS_READ}),
    "ANALYST": frozenset(_READ | {P.EXPORT_RUN}),
    "PII_VIEWER": frozenset({P.CAMPAIGN_READ, P.ENTRY_READ, P.PII_READ}),
    "SUPPORT": frozenset({P.CAMPAIGN_READ, P.ENTRY_READ, P.SELECTION_READ, P.CODE_READ, P.CODE_REVEAL}),
    "VIEWER": frozenset(_READ),
}


def roles_with(permission: str) -> list[str]:
    """The roles that allow this permission; none for a permission that does not exist."""
    return [role for role, allowed in ROLES.items() if permission in allowed]
