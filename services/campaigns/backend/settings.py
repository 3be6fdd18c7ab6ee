"""Settings of the Campaign Service."""

from pydantic import Field

from services.kit.settings import BackendSettings


class Settings(BackendSettings):
    """Beyond the common settings: the database."""

    database_url: str = Field(
        validation_alias="CAMPAIGNS_DATABASE_URL", description="the campaigns database, as campaigns_service"
    )
