"""The names of what a role can allow; pure, so that rules may use them."""

from enum import StrEnum


class Permission(StrEnum):
    """What a role can allow. Writing includes reading: see the User Service's rules."""

    CAMPAIGN_READ = "CAMPAIGN_READ"
    CAMPAIGN_WRITE = "CAMPAIGN_WRITE"
    CAMPAIGN_PUBLISH = "CAMPAIGN_PUBLISH"
    ENTRY_READ = "ENTRY_READ"
    ENTRY_REVIEW = "ENTRY_REVIEW"
    PII_READ = "PII_READ"
    SELECTION_READ = "SELECTION_READ"
    SELECTION_RUN = "SELECTION_RUN"
    CODE_READ = "CODE_READ"
    CODE_MANAGE = "CODE_MANAGE"
    CODE_REVEAL = "CODE_REVEAL"
    EXPORT_RUN = "EXPORT_RUN"
    METRICS_READ = "METRICS_READ"
    TEAM_MANAGE = "TEAM_MANAGE"
    AUDIT_READ = "AUDIT_READ"
    PRIVACY_MANAGE = "PRIVACY_MANAGE"
