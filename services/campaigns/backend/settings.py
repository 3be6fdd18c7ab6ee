"""Settings of the Campaign Service."""

from typing import Literal

from pydantic import Field

from services.kit.settings import BackendSettings


class Settings(BackendSettings):
    """Beyond the common settings: the database, and one plan per statement, for a campaign's page is planned in
    twice the time that it takes to read.
    """

    database_url: str = Field(
        validation_alias="CAMPAIGNS_DATABASE_URL", description="the campaigns database, as campaigns_service"
    )
    plan_cache_mode: Literal["auto", "force_generic_plan"] = "force_generic_plan"
    upload_keep_hours: int = Field(
        168, ge=1, description="how long a checked upload is kept that nothing uses, in hours"
    )
