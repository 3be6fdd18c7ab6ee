"""Settings of the User Service."""

from pathlib import Path

from pydantic import Field

from services.kit.settings import BackendSettings


class Settings(BackendSettings):
    """Beyond the common settings: the database, the SMS sender and its caps."""

    database_url: str = Field(validation_alias="USERS_DATABASE_URL", description="the users database, as users_service")
    sms_outbox: Path = Field(Path(".data/outbox/sms.ndjson"), description="where the development sender leaves messages")
