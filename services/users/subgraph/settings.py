"""Settings of the users subgraph."""

from pydantic import Field

from services.kit.settings import SubgraphSettings


class Settings(SubgraphSettings):
    """Beyond the common settings: where the User Service is."""

    backend_url: str | None = Field(
        None, validation_alias="USERS_BACKEND_URL", description="the User Service; unset: mounted in-process"
    )
