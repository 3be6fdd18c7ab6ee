"""Settings of the Entry Service."""

from pydantic import Field

from services.kit.settings import BackendSettings


class Settings(BackendSettings):
    """Beyond the common settings: the database."""

    database_url: str = Field(
        validation_alias="ENTRIES_DATABASE_URL", description="the entries database, as entries_service"
    )
