"""Settings of the Campaign Service."""

from typing import Literal

from pydantic import Field, SecretStr

from services.kit.settings import BackendSettings


class Settings(BackendSettings):
    """Beyond the common settings: the database, and one plan per statement, for a campaign's page is planned in
    twice the time that it takes to read.
    """

    database_url: str = Field(
        validation_alias="CAMPAIGNS_DATABASE_URL", description="the campaigns database, as campaigns_service"
    )
    ticketmaster_api_key: SecretStr | None = Field(
        None,
        description="key of the Ticketmaster Discovery API; unset: discovery finds our own catalogue only",
    )
    ticketmaster_url: str = Field(
        "https://app.ticketmaster.com", description="where the Ticketmaster Discovery API is"
    )
    ticketmaster_timeout: float = Field(
        2.5, description="seconds that Ticketmaster has for an answer, its whole body included"
    )
    plan_cache_mode: Literal["auto", "force_generic_plan"] = "force_generic_plan"
    upload_keep_hours: int = Field(
        168, ge=1, description="how long a checked upload is kept that nothing uses, in hours"
    )
