"""Settings of the Code Service."""

from pydantic import Field

from services.kit.settings import BackendSettings


class Settings(BackendSettings):
    """Beyond the common settings: the database."""

    database_url: str = Field(
        validation_alias="CODES_DATABASE_URL", description="the codes database, as codes_service"
    )
