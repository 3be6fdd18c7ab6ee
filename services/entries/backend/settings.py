"""Settings of the Entry Service."""

from pydantic import Field

from services.kit.settings import BackendSettings, CommaSeparated


class Settings(BackendSettings):
    """Beyond the common settings: the database, how long exports are kept, and what is done while a caller waits."""

    database_url: str = Field(
        validation_alias="ENTRIES_DATABASE_URL", description="the entries database, as entries_service"
    )
    export_keep_hours: int = Field(
        168,
        validation_alias="ENTRIES_EXPORT_KEEP_HOURS",
        ge=1,
        description="hours until an export's file is removed",
    )
    signal_days: int = Field(
        30,
        validation_alias="ENTRIES_SIGNAL_DAYS",
        ge=1,
        le=90,
        description="days until it is forgotten from which network and browser an entry came",
    )
    oidc_issuers: CommaSeparated = Field(
        [], description="issuer URLs: whose accounts imported scores may name by `global_user_id`"
    )
    live_roster: int = Field(
        20_000,
        validation_alias="ENTRIES_LIVE_ROSTER",
        ge=0,
        description="entries up to which a draw is frozen, previewed, verified, and eligibility counted live",
    )
