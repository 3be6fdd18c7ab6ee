"""Roles and permissions in the graph."""

from enum import Enum

import strawberry
from strawberry.federation.schema_directives import Tag

ADMIN = ["admin"]


@strawberry.enum(
    description="What somebody is on a team or campaign: a named set of permissions.",
    directives=[Tag(name="admin")],
)
class Role(Enum):
    OWNER = strawberry.enum_value("OWNER", description="Everything. A team keeps at least one.")
    ADMIN = strawberry.enum_value("ADMIN", description="Everything but acting on fans' privacy requests.")
    CAMPAIGN_EDITOR = strawberry.enum_value(
        "CAMPAIGN_EDITOR", description="Writes and publishes campaigns, reads their numbers."
    )
    SELECTION_MANAGER = strawberry.enum_value(
        "SELECTION_MANAGER", description="Reviews entries and runs selections."
    )
    CODE_MANAGER = strawberry.enum_value(
        "CODE_MANAGER", description="Imports, generates, assigns and voids codes."
    )
    ANALYST = strawberry.enum_value(
        "ANALYST", description="Reads everything but contact data, and runs exports."
    )
    PII_VIEWER = strawberry.enum_value("PII_VIEWER", description="Reads entries with fans' contact data.")
    SUPPORT = strawberry.enum_value("SUPPORT", description="Reads entries and selections, and reveals codes.")
    VIEWER = strawberry.enum_value("VIEWER", description="Reads everything but contact data.")


@strawberry.enum(
    description="Something that a role can allow. Writing includes reading.", directives=[Tag(name="admin")]
)
class Permission(Enum):
    CAMPAIGN_READ = strawberry.enum_value("CAMPAIGN_READ", description="Read unpublished campaigns.")
    CAMPAIGN_WRITE = strawberry.enum_value("CAMPAIGN_WRITE", description="Create and change campaigns.")
    CAMPAIGN_PUBLISH = strawberry.enum_value(
        "CAMPAIGN_PUBLISH", description="Open, pause and close campaigns."
    )
    ENTRY_READ = strawberry.enum_value("ENTRY_READ", description="Read entries, without contact data.")
    ENTRY_REVIEW = strawberry.enum_value("ENTRY_REVIEW", description="Accept or invalidate entries.")
    PII_READ = strawberry.enum_value("PII_READ", description="Read fans' names, emails and phones.")
    SELECTION_READ = strawberry.enum_value("SELECTION_READ", description="Read waves and selections.")
    SELECTION_RUN = strawberry.enum_value("SELECTION_RUN", description="Create, run and finalize waves.")
    CODE_READ = strawberry.enum_value("CODE_READ", description="Read code pools and masked codes.")
    CODE_MANAGE = strawberry.enum_value("CODE_MANAGE", description="Import, assign and void codes.")
    CODE_REVEAL = strawberry.enum_value("CODE_REVEAL", description="Reveal a code on a fan's behalf.")
    EXPORT_RUN = strawberry.enum_value("EXPORT_RUN", description="Start and download exports.")
    METRICS_READ = strawberry.enum_value("METRICS_READ", description="Read numbers.")
    TEAM_MANAGE = strawberry.enum_value("TEAM_MANAGE", description="Grant and revoke roles.")
    AUDIT_READ = strawberry.enum_value("AUDIT_READ", description="Read the audit log.")
    PRIVACY_MANAGE = strawberry.enum_value("PRIVACY_MANAGE", description="Act on fans' privacy requests.")
