"""The User Service's rules: which role allows what, and who may see whom. Pure: no I/O, no clock."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.kit.errors import Invalid, Issue
from services.kit.locales import LOCALES
from services.kit.permissions import Permission

# Control characters, line and paragraph separators, and what turns the direction of the text after it; letters of
# languages that are written from right to left, and the joiners of emoji, are none of these.
_NOT_IN_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")

READS: dict[Permission, frozenset[Permission]] = {
    Permission.CAMPAIGN_WRITE: frozenset({Permission.CAMPAIGN_READ}),
    Permission.CAMPAIGN_PUBLISH: frozenset({Permission.CAMPAIGN_READ}),
    Permission.ENTRY_REVIEW: frozenset({Permission.ENTRY_READ}),
    Permission.PII_READ: frozenset({Permission.ENTRY_READ}),
    Permission.SELECTION_RUN: frozenset({Permission.SELECTION_READ, Permission.ENTRY_READ}),
    Permission.CODE_MANAGE: frozenset({Permission.CODE_READ}),
    Permission.CODE_REVEAL: frozenset({Permission.CODE_READ}),
    Permission.EXPORT_RUN: frozenset({Permission.ENTRY_READ}),
}
"""What one must be able to read to do that: writing includes reading."""


def _allowing(*permissions: Permission) -> frozenset[Permission]:
    return frozenset(permissions).union(read for wanted in permissions for read in READS.get(wanted, ()))


ROLES: dict[str, frozenset[Permission]] = {
    "OWNER": frozenset(Permission),
    "ADMIN": frozenset(Permission) - {Permission.PRIVACY_MANAGE},
    "CAMPAIGN_EDITOR": _allowing(
        Permission.CAMPAIGN_WRITE, Permission.CAMPAIGN_PUBLISH, Permission.METRICS_READ
    ),
    "SELECTION_MANAGER": _allowing(
        Permission.CAMPAIGN_READ, Permission.ENTRY_REVIEW, Permission.SELECTION_RUN, Permission.METRICS_READ
    ),
    "CODE_MANAGER": _allowing(
        Permission.CAMPAIGN_READ, Permission.SELECTION_READ, Permission.CODE_MANAGE, Permission.METRICS_READ
    ),
    "ANALYST": _allowing(
        Permission.CAMPAIGN_READ,
        Permission.SELECTION_READ,
        Permission.CODE_READ,
        Permission.METRICS_READ,
        Permission.EXPORT_RUN,
    ),
    "PII_VIEWER": _allowing(Permission.CAMPAIGN_READ, Permission.PII_READ),
    "SUPPORT": _allowing(
        Permission.CAMPAIGN_READ, Permission.SELECTION_READ, Permission.ENTRY_READ, Permission.CODE_REVEAL
    ),
    "VIEWER": _allowing(
        Permission.CAMPAIGN_READ,
        Permission.ENTRY_READ,
        Permission.SELECTION_READ,
        Permission.CODE_READ,
        Permission.METRICS_READ,
    ),
}
"""What each role allows on its team or campaign."""


def roles_with(permission: str) -> list[str]:
    """The roles that allow this permission; none for a permission that does not exist."""
    return [role for role, allowed in ROLES.items() if permission in allowed]


def permissions_of(roles: Iterable[str]) -> frozenset[Permission]:
    """Everything that these roles allow together."""
    return frozenset().union(*(ROLES[role] for role in roles))


def may_give(held: Iterable[str], role: str) -> bool:
    """Whether somebody who holds these roles on a scope may grant or revoke `role` there: she manages
    the team, and the role allows nothing that she could not do herself.
    """
    own = permissions_of(held)
    return Permission.TEAM_MANAGE in own and own >= ROLES[role]


@dataclass(frozen=True, slots=True)
class Sight:
    """How much of a user a viewer may see. Without `basics`, her ids, she is not there at all; `profile` is language,
    country and whether she has a confirmed phone.
    """

    basics: bool
    profile: bool
    name: bool
    contact: bool


ALL = Sight(basics=True, profile=True, name=True, contact=True)


def sight(
    *,
    herself: bool,
    roles_over_entries: Iterable[str],
    roles_over_team: Iterable[str],
    listed: bool,
    colleague: bool,
) -> Sight:
    """What the viewer may see, by her roles over campaigns that the user entered and on teams they share.

    Adding somebody to a team makes her `listed`; only her own joining makes her a `colleague` whose roles are counted.
    """
    if herself:
        return ALL
    over_entries, over_team = permissions_of(roles_over_entries), permissions_of(roles_over_team)
    contact = Permission.PII_READ in over_entries
    reads = Permission.ENTRY_READ in over_entries
    return Sight(
        basics=listed or reads,
        profile=colleague or reads,
        name=contact or Permission.PII_READ in over_team,
        contact=contact,
    )


@dataclass(frozen=True, slots=True)
class Reach:
    """A binding that reaches the thing asked about, live or expired."""

    id: str
    role: str
    campaign_id: str | None
    expires_at: datetime | None
    live: bool


def explain(reaches: Iterable[Reach], permission: str) -> tuple[Reach | None, str]:
    """The binding that decides whether `permission` is given, and why in words; None where none comes near.

    The first live one that allows it decides; else one that allowed it until it expired.
    """
    candidates = list(reaches)
    allowing = [r for r in candidates if r.role in roles_with(permission)]
    for reach in allowing:
        if reach.live:
            return reach, f"{reach.role} on the {_scope(reach)} allows {permission}."
    for reach in allowing:
        return reach, f"{reach.role} on the {_scope(reach)} allowed {permission} until it expired."
    live = sorted({r.role for r in candidates if r.live})
    if not live:
        return None, "There is no role on the team or the campaign."
    return (
        None,
        f"{', '.join(live)} does not allow {permission}; {' or '.join(roles_with(permission))} would.",
    )


def known_locale(tag: str | None) -> str | None:
    """The tag if it is one that is served, else None."""
    return tag if tag in LOCALES else None


def known_country(code: str | None) -> str | None:
    """The code if it has the form of an ISO 3166-1 alpha-2 code, in capitals; else None."""
    upper = (code or "").upper()
    return upper if len(upper) == 2 and upper.isascii() and upper.isalpha() else None


def clean_name(name: str, field: str, most: int = 120) -> str:
    """A name with its outer white space gone: one line of 1 to `most` characters. Raises Invalid."""
    cleaned = name.strip()
    if not 1 <= len(cleaned) <= most:
        raise Invalid([Issue([field], "LENGTH", f"A name must have 1 to {most} characters.")])
    if _NOT_IN_A_LINE.search(cleaned):
        raise Invalid([Issue([field], "CONTROL_CHARACTER", "A name must be one line of text.")])
    return cleaned


def _scope(reach: Reach) -> str:
    return "campaign" if reach.campaign_id else "team"
